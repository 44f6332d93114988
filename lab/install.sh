#!/bin/sh
# install.sh run|web|check|browser|deep: makes sure the Debian packages of packages.txt for that use are there.
# As root it installs what is missing; otherwise it prints the one line to run and exits 1.
# A Prosody that this machine already runs stays as it was; one that is only installed here is not started.
set -eu
use=${1:?usage: install.sh run|web|check|browser|deep}
here=$(dirname "$0")
missing=$(awk -v use="$use" '/^#/ || !NF {next} $1 == "run" || $1 == use || ($1 == "check" && use == "deep") || ($1 == "web" && (use == "check" || use == "deep")) {print $2, $3}' "$here/packages.txt" |
    while read -r package instead; do
        if [ -n "$instead" ] && command -v "$instead" >/dev/null 2>&1; then continue; fi
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done)
[ -n "$missing" ] || exit 0

command="apt-get update && apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" -ne 0 ]; then
    echo "Some packages are missing. Run this as root, then start again:"
    echo "  $command"
    exit 1
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=
tidy() {
    [ -z "$made_policy" ] || rm -f "$policy"
    rm -f "$log"
}
trap tidy EXIT
trap 'exit 130' INT TERM
case " $missing " in
*" prosody "*)
    # Installing must not leave a server running that was not running before.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=yes
    fi
    ;;
esac
echo "Installing: $missing"
export DEBIAN_FRONTEND=noninteractive
# What apt is at, so that a long installation is seen to go on.
progress() {
    shown=0
    while read -r line; do
        printf '%s\n' "$line" >>"$log"
        case $line in
        Get:* | Unpacking* | "Setting up"*)
            shown=$((shown + 1))
            if [ -t 1 ]; then
                printf '\r\033[K  %.70s' "$line"
            elif [ $((shown % 25)) -eq 0 ]; then
                printf '  %.70s\n' "$line"
            fi
            ;;
        esac
    done
    if [ -t 1 ]; then printf '\r\033[K'; fi
}
(
    if apt-get update && apt-get install -y --no-install-recommends $missing; then echo "installed: all"; fi
) </dev/null 2>&1 | progress
if [ "$(tail -n 1 "$log")" != "installed: all" ]; then
    cat "$log"
    echo "The packages could not be installed; the command was:"
    echo "  $command"
    exit 1
fi
case " $missing " in
*" prosody "*)
    # policy-rc.d keeps it from starting now; this keeps it from starting at the next boot.
    if command -v systemctl >/dev/null 2>&1; then systemctl disable prosody >/dev/null 2>&1 || true; fi
    ;;
esac

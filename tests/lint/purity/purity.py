#!/usr/bin/env python3
"""Proves from its object files that a part does no I/O, reads no clock and owns no generator.

purity.py ARCHIVE...: every symbol that an object leaves undefined must be one of ours (kr_) or stand in the list below.
Whatever is not listed is refused, so a call to clock_gettime, open, socket, getenv or rand fails here and not in review.
"""
import re
import subprocess
import sys

# Pure functions of their arguments, the heap, and the ways to end the process when an invariant is broken.
PURE = set("""
    memcpy memmove memset memcmp bcmp memchr strlen strcmp strncmp strchr strrchr strstr strcspn strspn strnlen qsort bsearch
    malloc calloc realloc free abort __assert_fail __stack_chk_fail snprintf vsnprintf
""".split())

HMAC = {"crypto_auth_hmacsha256_init", "crypto_auth_hmacsha256_update", "crypto_auth_hmacsha256_final"}

# What one object may use beyond it, and why.
MORE = {
    # says why it ends the process when memory is out
    "alloc.c.o": {"stderr", "fwrite", "fputs", "fprintf"},
    # libsodium and OpenSSL as functions of their arguments; each in the object that wraps it
    "base64.c.o": {"sodium_bin2base64", "sodium_base642bin"},
    "id.c.o": {"sodium_bin2hex", "sodium_hex2bin", "crypto_hash_sha256"},
    "secret.c.o": {"sodium_memzero", "sodium_memcmp"},
    "sign.c.o": {"crypto_sign_verify_detached"},
    "hash.c.o": HMAC | {
        "crypto_hash_sha256", "EVP_KDF_fetch", "EVP_KDF_free", "EVP_KDF_CTX_new", "EVP_KDF_CTX_free",
        "EVP_KDF_derive", "OSSL_PARAM_construct_int", "OSSL_PARAM_construct_octet_string",
        "OSSL_PARAM_construct_utf8_string", "OSSL_PARAM_construct_end", "PKCS5_PBKDF2_HMAC", "EVP_sha256", "EVP_sha512",
    },
    "aead.c.o": HMAC | {
        "EVP_CIPHER_CTX_new", "EVP_CIPHER_CTX_free", "EVP_CIPHER_CTX_ctrl", "EVP_EncryptInit_ex2", "EVP_EncryptUpdate",
        "EVP_EncryptFinal_ex", "EVP_DecryptInit_ex2", "EVP_DecryptUpdate", "EVP_DecryptFinal_ex", "EVP_aes_128_gcm",
        "EVP_aes_256_gcm", "sodium_memcmp",
    },
    "ctr.c.o": {
        "EVP_CIPHER_CTX_new", "EVP_CIPHER_CTX_free", "EVP_EncryptInit_ex2", "EVP_EncryptUpdate", "EVP_aes_128_ctr",
        "EVP_aes_256_ctr",
    },
    "merkle.c.o": {"crypto_hash_sha256_init", "crypto_hash_sha256_update", "crypto_hash_sha256_final"},
    # X25519 of a given secret
    "sas_crypto.c.o": {"crypto_scalarmult", "crypto_scalarmult_base", "sodium_memcmp"},
    # Ed25519 takes nothing but the key and the text
    "signer.c.o": {"crypto_sign_seed_keypair", "crypto_sign_detached"},
    "jframe2021.c.o": HMAC | {"sodium_memcmp"},
    "p521.c.o": {
        "BN_bin2bn", "BN_bn2binpad", "BN_bn2nativepad", "BN_clear_free", "BN_free", "BN_secure_new", "ECDSA_SIG_new",
        "ECDSA_SIG_free", "ECDSA_SIG_get0_r", "ECDSA_SIG_get0_s", "ECDSA_SIG_set0", "d2i_ECDSA_SIG", "i2d_ECDSA_SIG",
        "EVP_PKEY_CTX_new_from_name", "EVP_PKEY_CTX_new_from_pkey", "EVP_PKEY_CTX_free", "EVP_PKEY_fromdata_init",
        "EVP_PKEY_fromdata", "EVP_PKEY_private_check", "EVP_PKEY_free", "EVP_MD_CTX_new", "EVP_MD_CTX_free",
        "EVP_DigestVerifyInit_ex", "EVP_DigestVerify", "OSSL_PARAM_construct_octet_string",
        "OSSL_PARAM_construct_utf8_string", "OSSL_PARAM_construct_end",
        # The one exception: OpenSSL takes the nonce of an ECDSA signature from its own generator, and from nowhere else.
        # Only the vectors of JFrame of 2021 sign so.
        "EVP_DigestSignInit_ex", "EVP_DigestSign",
    },
}

# The JSON of stock clients (protocol/stock). jansson seeds its hash tables from the system's generator: that decides where in
# memory a name stands, never what is read or written.
JSON = {
    "json_loadb", "json_object_get", "json_object_iter", "json_object_iter_at", "json_object_iter_key",
    "json_object_iter_next", "json_object_iter_value", "json_object_key_to_iter", "json_string_value",
    "json_string_length", "json_integer_value", "json_delete", "json_pack", "json_dumps",
}
MORE["message.c.o"] = MORE["write.c.o"] = JSON

# What compilers put in: sanitizers, coverage for fuzzing, fortified forms of listed functions.
INSTRUMENTS = re.compile(r"^(__asan_|__ubsan_|__sanitizer_|__sancov_|__gcov_|_GLOBAL_OFFSET_TABLE_$)")
FORTIFIED = re.compile(r"^__(\w+)_chk$")


def undefined(archive):
    """(object, symbol) of everything the archive's objects leave undefined."""
    text = subprocess.run(["nm", "-u", archive], check=True, capture_output=True, text=True).stdout
    obj, found = None, []
    for line in text.splitlines():
        if line.endswith(":"):
            obj = line[:-1].split("(")[-1].rstrip(")")
        elif line.strip():
            found.append((obj, line.split()[-1].split("@")[0]))
    return found


def allowed(obj, symbol):
    fortified = FORTIFIED.match(symbol)
    name = fortified.group(1) if fortified else symbol
    return name.startswith("kr_") or bool(INSTRUMENTS.match(name)) or name in PURE or name in MORE.get(obj, set())


def main(archives):
    if not archives:
        sys.exit("purity.py ARCHIVE...")
    bad = objects = 0
    for archive in archives:
        found = undefined(archive)
        objects += len({obj for obj, _ in found})
        if not found:
            print(f"{archive}: no objects")
            bad += 1
        for obj, symbol in found:
            if not allowed(obj, symbol):
                print(f"{archive}({obj}): {symbol} is not allowed in a pure part")
                bad += 1
    print(f"purity: {objects} objects, {bad} refused")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

/* Where the distribution's Chromium is; undefined: nowhere. KR_CHROMIUM names another one, or says `none`. */
import {existsSync} from 'node:fs';

const wish = process.env.KR_CHROMIUM ?? '';
export const executablePath = wish === 'none' ? undefined : [wish, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => path !== '' && existsSync(path));

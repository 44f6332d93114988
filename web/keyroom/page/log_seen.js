/* The newest checkpoint of a service's log, over reloads: it is no secret. A browser that keeps nothing begins anew. */
const nameOf = (service) => `keyroom log of ${service}`;

/* {origin, key, seen: {size, root, sig}}, or null. */
export function rememberedLog(service) {
  try {
    return JSON.parse(localStorage.getItem(nameOf(service)));
  } catch {
    return null;
  }
}

export function rememberLog(service, {origin, key, size, root, sig}) {
  try {
    localStorage.setItem(nameOf(service), JSON.stringify({origin, key, seen: {size, root, sig}}));
  } catch {
    /* as if it were seen for the first time, each time */
  }
}

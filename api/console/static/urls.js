// What a page shows stands in its address: read from there, written there, and sent on to the API.

/** The address of the API with those of `values` that are not empty. */
export function withQuery(path, values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The values of `names` in the page's address; an empty text where there is none. */
export function readQuery(names) {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(names.map((name) => [name, query.get(name) || ""]));
}

/** Puts values into the page's address: a step that Back undoes, unless `replace`. */
export function writeQuery(values, { replace = false } = {}) {
  const address = withQuery(location.pathname, values);
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
}

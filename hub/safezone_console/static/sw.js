// Makes the guardian's page installable and lets it open without a network. It keeps scripts and the frame of the page,
// never an answer of the hub: what is said of a child is not stored on the phone.
const CACHE = "safezone-{{version}}";
self.addEventListener("install", (event) => { self.skipWaiting(); event.waitUntil(caches.open(CACHE)); });
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await self.clients.claim();
})()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  const fixed = /^\/(static|vendor|icons)\//.test(url.pathname), page = event.request.mode === "navigate" && url.pathname === "/guardian";
  if (!fixed && !page) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    const held = await cache.match(event.request);
    if (fixed && held) return held;
    try {
      const answer = await fetch(event.request);
      if (answer.ok && !answer.redirected) cache.put(event.request, answer.clone());
      return answer;
    } catch (error) {
      if (held) return held;
      throw error;
    }
  })());
});

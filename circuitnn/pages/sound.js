// A sound of the page as samples, from the address itself: a page on a disk may fetch nothing.
function decoded(context, address) {
  const text = atob(address.split(",")[1]);
  return context.decodeAudioData(Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
}

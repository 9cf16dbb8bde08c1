// Search in pages that are read from the disk: browsers start no worker from a file, so the search runs in a hidden
// frame instead, which speaks and listens as a worker does. On a server nothing is changed.
if (location.protocol === "file:") {
  // The search looks for this name to find its files.
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const waiting = []
      this.postMessage = (data) => waiting.push(data)
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.title = "search"
      document.documentElement.append(frame)
      const inside = frame.contentWindow
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }))
      inside.importScripts = (...urls) => Promise.all(urls.map((each) => load(inside, each)))
      load(inside, url).then(() => {
        this.postMessage = (data) => inside.dispatchEvent(new inside.MessageEvent("message", { data }))
        waiting.forEach(this.postMessage)
      })
    }
  }

  function load(inside, url) {
    return new Promise((resolve, reject) => {
      const script = inside.document.createElement("script")
      script.src = url
      script.onload = resolve
      script.onerror = reject
      inside.document.documentElement.append(script)
    })
  }
}

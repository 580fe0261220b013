importScripts('./node_modules/asposecache/dist/asposecache.global.js')

import('./via-global.js').then(({ default: viaGlobal }) => viaGlobal()).then(postMessage)

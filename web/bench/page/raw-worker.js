// The worker of stores/raw-worker.js.
import { serve } from './serve.js'
import { connect } from './stores/raw.js'

let database

serve({
  async open() {
    database = await connect()
  },
  putMany: ({ first, tiles }) => database.putMany(first, tiles),
  getMany: ({ first, count }) => database.getMany(first, count),
  get: ({ i }) => database.get(i),
  close: () => database.close(),
})

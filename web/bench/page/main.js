// What the command calls in the page, by name.
import * as disk from './disk.js'
import * as memory from './memory.js'
import { smoothness } from './smoothness.js'
import * as surfaces from './surfaces.js'

export const tasks = { ...memory, ...disk, ...surfaces, smoothness }

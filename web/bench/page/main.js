// What the command calls in the page, by name.
import { collections } from './collections.js'
import * as disk from './disk.js'
import * as memory from './memory.js'
import { smoothness } from './smoothness.js'
import * as surfaces from './surfaces.js'
import { wholePicture } from './whole.js'

export const tasks = { ...memory, ...disk, ...surfaces, collections, smoothness, wholePicture }

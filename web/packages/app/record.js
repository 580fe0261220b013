import lines from './lines.js'

/** Runs the lines of the README. Answers what they print, or why they could not go on. */
export default async function record() {
  const printed = []
  try {
    await lines({ log: (...words) => printed.push(words.join(' ')) })
  } catch (error) {
    printed.push(`${error.name} ${error.code}: ${error.message}`)
  }
  return printed.join('\n')
}

import lines from './lines.js'

/** Runs the lines of the README. Answers what they print, or why they could not go on. */
export default async function record() {
  const printed = []
  const { log } = console
  console.log = (...words) => printed.push(words.join(' '))
  try {
    await lines()
  } catch (error) {
    printed.push(`${error.name} ${error.code}: ${error.message}`)
  } finally {
    console.log = log
  }
  return printed.join('\n')
}

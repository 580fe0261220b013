// Package jsbridge makes a [core.Cache] callable from JavaScript. It translates, and decides nothing.
//
// There are two ways in, because a crossing has two prices:
//
//   - Exported functions (exports.go), 0.05 to 0.1 microseconds each, for what can be answered at once
//     and told in numbers: counters, allocating in memory, and the address of a page, whose bytes
//     JavaScript then copies by itself, or of a tray for the rows of a rectangle. They must never wait.
//   - One js.Func (calls.go), 10 to 20 microseconds, for everything else. A request is answered when the
//     function returns. An operation has a number, and the host's function settle answers it, once, with
//     that number. web/src/border.ts has the names, and the types of arguments and answers.
//
// What the program needs of JavaScript is the host: an object that the loader makes before it starts
// the program; see [Host].
package jsbridge

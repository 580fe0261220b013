// Package disk keeps images of pages in a [driver.Store], behind the writers' backs.
//
// # The life of an image
//
// An [Image] is made with what was written in a buffer ([Disk.NewImage], [Disk.Successor]) and given to the queue
// ([Disk.Enqueue]), where it waits. A batch of those that wait is put in one transaction, as records; images of pages
// that follow each other share them. When it is stored, the page is told, and the buffer is freed. When it can't be
// stored, the image goes back to the queue, its page is told, and storing stops until somebody makes another try
// ([Disk.Kick]). All the time what it holds can be read ([Reader]).
//
// What an image holds is told by its extents: ranges of the page, each of which lies in the image's buffer or in a
// record. A write to a part of a stored page makes a successor that has a new extent for that part, and shares the
// records of the others. Nothing need be read for that, unless there would be too many extents, or bytes between the
// rows that are written have to be kept.
//
// What is stored does not change. So what was read, or fetched ahead, can't be out of date, and a read can go on while
// writes make successors of what it reads.
//
// # The lock
//
// A Disk has no lock of its own: it shares that of its [Host]. Every method is called with the lock held, but for
// await of the opener. One that takes a context may wait; then the lock is given up meanwhile, and what the caller
// knows may be out of date when it returns. All others do not wait.
package disk

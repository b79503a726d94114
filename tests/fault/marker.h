/* SPDX-License-Identifier: ISC */
#ifndef FAULT_MARKER_H
#define FAULT_MARKER_H

/*
 * A call that does nothing, ioctl(-1, MARKER, MARKER_BEGIN), and that syswalk
 * knows: the system calls between BEGIN and END are walked.
 */
#define MARKER 0x706d6b77u
#define MARKER_BEGIN 1
#define MARKER_END 2

#endif

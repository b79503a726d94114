/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_BASE_GLOB_H
#define PEMKEEP_BASE_GLOB_H

#include <stdbool.h>

/*
 * Does the whole text match, where '*' is any text and '?' any one code point?
 * Nothing else is special.  A byte that is no UTF-8 counts as one.  The time is
 * at most the product of both lengths.
 */
bool glob_match(const char *pattern, const char *text);

#endif

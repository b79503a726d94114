/* SPDX-License-Identifier: ISC */
#ifndef INVENTORY_SURVEY_INTERNAL_H
#define INVENTORY_SURVEY_INTERNAL_H

/* The rows of a survey: adding them, and keeping them in the cache. */

#include "pemkeep/inventory/survey.h"

struct cache;

/*
 * Add a copy of the row.  A row of a place that EC2 lists twice is there twice.
 * ERR_NOMEM.
 */
int survey_add_instance(
    struct survey *s, const struct survey_instance *row, struct err *e);
int survey_add_pair(
    struct survey *s, const struct survey_pair *row, struct err *e);
int survey_add_address(
    struct survey *s, const struct survey_address *row, struct err *e);
int survey_add_rule(
    struct survey *s, const struct survey_rule *row, struct err *e);

/* Drop what there is of a place and kind. */
void survey_drop(struct survey *s, size_t place, enum survey_kind kind);

/*
 * The rows of a place and kind, from the cache and into it; 'id' is the cache's
 * number of the place.  Loading sets 'since'.  ERR_FORMAT: the cache was damaged,
 * and is empty now.
 */
int survey_load(struct cache *c, int64_t id, struct survey *s, size_t place,
    enum survey_kind kind, struct err *e);
int survey_store(struct cache *c, int64_t id, const struct survey *s,
    size_t place, enum survey_kind kind, struct err *e);

#endif

/* SPDX-License-Identifier: ISC */
#ifndef PEMKEEP_SRC_AWS_EXPAT_H
#define PEMKEEP_SRC_AWS_EXPAT_H

/* expat, loaded with the first answer to be read.  The names are its own. */

#include <expat.h>

struct err;

#define EXPAT_FUNCTIONS(X) \
	X(ErrorString) \
	X(GetCurrentByteIndex) \
	X(GetErrorCode) \
	X(Parse) \
	X(ParserCreate) \
	X(ParserFree) \
	X(ParserReset) \
	X(SetCharacterDataHandler) \
	X(SetElementHandler) \
	X(SetStartDoctypeDeclHandler) \
	X(SetUserData) \
	X(StopParser)

struct expat {
#define X(name) __typeof__(XML_##name) *name;
	EXPAT_FUNCTIONS(X)
#undef X
};

extern struct expat expat; /* filled by expat_load() */

#define XML_ErrorString expat.ErrorString
#define XML_GetCurrentByteIndex expat.GetCurrentByteIndex
#define XML_GetErrorCode expat.GetErrorCode
#define XML_Parse expat.Parse
#define XML_ParserCreate expat.ParserCreate
#define XML_ParserFree expat.ParserFree
#define XML_ParserReset expat.ParserReset
#define XML_SetCharacterDataHandler expat.SetCharacterDataHandler
#define XML_SetElementHandler expat.SetElementHandler
#define XML_SetStartDoctypeDeclHandler expat.SetStartDoctypeDeclHandler
#define XML_SetUserData expat.SetUserData
#define XML_StopParser expat.StopParser

/* Once; later calls do nothing.  What library_load() says. */
int expat_load(struct err *e);

#endif

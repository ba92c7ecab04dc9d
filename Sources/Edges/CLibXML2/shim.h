// SPDX-License-Identifier: Apache-2.0
#ifndef OPAL_CLIBXML2_SHIM_H
#define OPAL_CLIBXML2_SHIM_H

// Debian builds libxml2 with ICU, whose headers cannot be in one compilation with the other ICU
// that Foundation brings. Only a structure that is never looked into depends on it.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#endif

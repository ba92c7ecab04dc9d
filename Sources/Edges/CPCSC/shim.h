// SPDX-License-Identifier: Apache-2.0
#ifndef OPAL_CPCSC_SHIM_H
#define OPAL_CPCSC_SHIM_H

#include <winscard.h>

#endif

// SPDX-License-Identifier: Apache-2.0
#ifndef OPAL_CHARU_SHIM_H
#define OPAL_CHARU_SHIM_H

#include <hpdf.h>

#endif

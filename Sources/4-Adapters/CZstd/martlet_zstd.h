// SPDX-License-Identifier: Apache-2.0

#ifndef MARTLET_ZSTD_H
#define MARTLET_ZSTD_H

#include <zstd.h>

#endif

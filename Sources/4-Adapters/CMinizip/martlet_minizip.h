// SPDX-License-Identifier: Apache-2.0

#ifndef MARTLET_MINIZIP_H
#define MARTLET_MINIZIP_H

#include <zip.h>
#include <unzip.h>

#endif

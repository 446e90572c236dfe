// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

/// The page of docs/errors that explains one code.
struct martlet_error_page {
    int number;
    const unsigned char *_Nonnull text;
    size_t length;
};

/// NULL where there is no such code.
const struct martlet_error_page *_Nullable martlet_error_page(int number);

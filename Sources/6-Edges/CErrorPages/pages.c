// SPDX-License-Identifier: Apache-2.0
#include "CErrorPages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"
#include "pages.inc"

const struct martlet_error_page *martlet_error_page(int number) {
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (pages[i].number == number) return &pages[i];
    }
    return NULL;
}

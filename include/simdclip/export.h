// Visibility of the public symbols: everything else in the shared library is hidden.
#pragma once

#if defined(__GNUC__)
#define SIMDCLIP_API __attribute__((visibility("default")))
#else
#define SIMDCLIP_API
#endif

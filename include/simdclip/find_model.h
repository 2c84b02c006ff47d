// From what a user types to a model file.
#pragma once

#include <string>

#include "simdclip/export.h"

namespace simdclip {

// name: a file; or a name, looked up as NAME and NAME.sclip in the folders of SIMDCLIP_MODELS (separated by
// colons); or empty: the default model, which is SIMDCLIP_DEFAULT_MODEL where that is set, else
// ../share/simdclip/default.sclip beside the folder of the library or of the program.
// Throws Error not_found, which lists where it looked and what to do; io where name is a folder.
SIMDCLIP_API std::string find_model(const std::string& name = {});

}  // namespace simdclip

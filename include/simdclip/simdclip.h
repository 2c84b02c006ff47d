// Everything: include this, or the parts by themselves.
#pragma once

#include "simdclip/convert.h"
#include "simdclip/error.h"
#include "simdclip/image.h"
#include "simdclip/model.h"

// Everything: include this, or the parts by themselves.
#pragma once

#include "simdclip/accuracy.h"
#include "simdclip/bench.h"
#include "simdclip/convert.h"
#include "simdclip/embed_files.h"
#include "simdclip/error.h"
#include "simdclip/find_model.h"
#include "simdclip/image.h"
#include "simdclip/model.h"
#include "simdclip/npy.h"
#include "simdclip/search.h"
#include "simdclip/system.h"

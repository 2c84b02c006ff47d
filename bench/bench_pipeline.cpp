// What embedding a folder takes beside its parts, in one run: bench_pipeline MODEL.sclip FOLDER [THREADS]
//   decode    reading, decoding and preprocessing alone, all threads
//   tower     the image tower alone over as many pictures, in the batches that embedding uses, all threads
//   together  what simdclip embed does, without its output
// Both parts want every core, so together they allow 1 / (1 / decode + 1 / tower) pictures a second.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "apps/pixel_pipeline.h"
#include "bench/vectors.h"
#include "simdclip/simdclip.h"

namespace simdclip {
namespace {

int run(const std::string& path, const std::string& folder, unsigned threads) {
  const Model model = Model::open(path, {.threads = threads});
  threads = model.info().threads;
  PictureSet set;
  set.add_folder(folder);
  const auto n = static_cast<double>(set.size());
  size_t batch = 0;
  std::vector<float> pixels;
  const double decode = best_of(1, [&] {
    PixelPipeline pipeline(model, set, 0, set.size(),
                           {.decode = {.apply_orientation = true}, .threads = threads, .wanted = {}});
    while (PixelPipeline::Batch* one = pipeline.next()) {
      if (batch == 0) {
        batch = one->count;
        pixels.assign(one->pixels.data(), one->pixels.data() + batch * pipeline.picture_floats());
      }
      pipeline.release(*one);
    }
  });
  if (batch == 0) return std::fprintf(stderr, "no pictures in %s\n", folder.c_str()), 1;
  std::vector<float> rows(batch * model.embed_dim());
  model.embed_pixels(pixels, rows);
  const double tower = best_of(1, [&] {
    for (size_t i = 0; i < set.size(); i += batch) {
      const size_t count = std::min(batch, set.size() - i);
      model.embed_pixels(std::span(pixels).first(pixels.size() / batch * count),
                         std::span(rows).first(count * model.embed_dim()));
    }
  });
  size_t embedded = 0;
  const double together = best_of(1, [&] {
    embed_pictures(model, set, 0, set.size(), [&](size_t, std::span<const float>) { ++embedded; }, {});
  });
  std::printf("%zu pictures, %s, %u threads, batches of %zu\n", set.size(), model.info().name.c_str(),
              threads, batch);
  std::printf("decode %.1f/s   tower %.1f/s   allowed together %.1f/s   together %.1f/s = %.1f %%\n",
              n / decode, n / tower, n / (decode + tower), n / together, (decode + tower) / together * 100);
  return embedded == set.size() ? 0 : 1;
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: bench_pipeline MODEL.sclip FOLDER [THREADS]\n"), 2;
  return simdclip::run(argv[1], argv[2], argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 0);
}

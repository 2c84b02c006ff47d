// Real photos, where the shared data is present: the published pixels of two other projects, exactly.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "image/files.h"
#include "image/preprocess.h"

namespace simdclip::tests {
namespace {

// Shape [.., 3, 224, 224] float32, C order: the last 3 * 224 * 224 floats of the file.
std::vector<float> read_pixels(const std::string& path) {
  const std::vector<std::byte> bytes = read_bytes(path);
  std::vector<float> pixels(size_t{3} * 224 * 224);
  if (bytes.size() < pixels.size() * sizeof(float)) return {};
  std::memcpy(pixels.data(), bytes.data() + bytes.size() - pixels.size() * sizeof(float),
              pixels.size() * sizeof(float));
  return pixels;
}

float worst_difference(const std::string& picture, const std::string& pixels) {
  const std::vector<float> want = read_pixels(pixels);
  std::vector<float> got(want.size());
  preprocess(load_image(picture), openai_config(), 224, 224, got);
  float worst = 0;
  for (size_t i = 0; i < want.size(); ++i) worst = std::max(worst, std::abs(got[i] - want[i]));
  return worst;
}

TEST(SharedData, ClipRetrievalsPixels) {
  const std::string folder = shared_data("preprocess-golden/clip-retrieval/");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data at " << folder;
  static constexpr const char* kPictures[] = {"123_456", "208_495", "321_421", "389_535",
                                              "416_264", "456_123", "524_316"};
  for (int i = 0; i < 4; ++i) {
    const std::string pixels = folder + "pixels_" + std::to_string(i) + ".npy";
    float best = 1e9F;  // the pictures are not numbered as their pixels are
    for (const char* picture : kPictures)
      best = std::min(best, worst_difference(folder + picture + ".jpg", pixels));
    EXPECT_EQ(best, 0.0F) << pixels;
  }
}

TEST(SharedData, EveryPhotoAndFormatDecodes) {
  if (!std::filesystem::exists(shared_data("photos")))
    GTEST_SKIP() << "no shared data at " << shared_data("photos");
  size_t photos = 0;
  std::vector<float> out(size_t{3} * 224 * 224), again(out.size());
  for (const auto& entry : std::filesystem::directory_iterator(shared_data("photos"))) {
    if (entry.path().extension() != ".JPEG") continue;
    const Image image = load_image(entry.path().string());
    preprocess(image, openai_config(), 224, 224, out);
    for (const Isa isa : cpu_isas()) {
      preprocess(image, openai_config(), 224, 224, again, kernels::select_kernels(isa));
      ASSERT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)), 0)
          << entry.path() << ' ' << to_string(isa);
    }
    const std::string path = entry.path().string();
    preprocess_encoded(read_bytes(path), {}, path, openai_config(), 224, 224, again,
                       kernels::select_kernels(default_isa()));
    ASSERT_EQ(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)), 0) << path << " streamed";
    ++photos;
  }
  EXPECT_GT(photos, 50U);
}

}  // namespace
}  // namespace simdclip::tests

// A user of the installed library: one picture against two texts; errors arrive as simdclip::Error across the
// library's border.
#include <simdclip/simdclip.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    simdclip::Model::open("/no/such/model.sclip");
    return 3;
  } catch (const simdclip::Error& error) {
    if (error.code() != simdclip::ErrorCode::not_found) return 4;
  }
  const simdclip::Model model = simdclip::Model::open(argv[1]);
  const std::vector<float> picture = model.embed_image_file(argv[2]),
                           text = model.embed_text("a photo of a cat");
  std::printf("%zu %.6f\n", picture.size(), static_cast<double>(model.logits(picture, text)[0]));
}

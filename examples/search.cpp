// Indexes a folder and finds pictures in it by words: search MODEL.sclip FOLDER "a dog on the beach"
#include <simdclip/simdclip.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: search MODEL.sclip FOLDER TEXT\n");
    return 2;
  }
  const simdclip::Model model = simdclip::Model::open(argv[1]);
  const std::string index = simdclip::collection_path(argv[2]);  // FOLDER/.simdclip-index
  const simdclip::IndexReport report = simdclip::update_collection(model, argv[2], index);
  std::printf("%zu pictures, %zu of them new\n", report.pictures, report.added);

  const simdclip::Collection collection = simdclip::load_collection(index);
  const std::vector<float> query = model.embed_text(argv[3]);  // [D], unit length
  const auto hits = simdclip::search(collection.vectors, query, {.top = 5});
  for (const simdclip::Hit& hit : hits.front()) {
    for (const simdclip::CollectionFile& file : collection.files) {  // files of equal content share a row
      if (file.row == hit.row) std::printf("%.4f  %s\n", static_cast<double>(hit.score), file.name.c_str());
    }
  }
  return 0;
} catch (const simdclip::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

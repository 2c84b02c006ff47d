// .npz files: zips of .npy arrays as numpy.savez writes them, layers stacked or not.
#include <cmath>

#include "convert/builders.h"
#include "convert/tensor_source.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

constexpr ErrorCode kDamaged = ErrorCode::damaged, kTooLarge = ErrorCode::too_large,
                    kUnsupported = ErrorCode::unsupported;

std::string npy(const std::string& descr, const std::string& shape, const std::string& data,
                const std::string& order = "False") {
  const std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + little(header.size(), 2) + header + data;
}

std::string npz(const std::string& content, bool deflate = false) {
  return zip({{.name = "params/a.npy", .content = content, .deflate = deflate}});
}

class Npz : public testing::Test {
 protected:
  std::unique_ptr<TensorSource> open(const std::string& bytes) {
    path_ = folder_.file("w.npz");
    write_text(path_, bytes);
    return open_checkpoint(path_);
  }
  std::vector<float> values(const TensorSource& source, const char* name) {
    const auto at = source.find(name);
    if (!at) return {};
    std::vector<float> out(source.tensors()[*at].elements());
    source.read(*at, out);
    return out;
  }
  TemporaryFolder folder_;
  std::string path_;
};

TEST_F(Npz, ReadsEachType) {
  const std::string half = little(0x3C00, 2) + little(0xC000, 2),
                    brain = little(0x3F80, 2) + little(0xC000, 2);
  for (const bool deflate : {false, true}) {
    for (const auto& [descr, data] :
         {std::pair("<f4", floats({1, -2})), std::pair("<f2", half), std::pair("|V2", brain)}) {
      const auto source = open(npz(npy(descr, "(2,)", data), deflate));
      EXPECT_EQ(values(*source, "params/a"), (std::vector<float>{1, -2})) << descr;
    }
  }
}

TEST_F(Npz, StackedLayersAreTakenApart) {
  for (const bool deflate : {false, true}) {
    const auto source = open(zip({{.name = "params/img/encoderblock/scale.npy",
                                   .content = npy("<f4", "(3, 2)", floats({1, 2, 3, 4, 5, 6})),
                                   .deflate = deflate},
                                  {.name = "params/b.npy", .content = npy("<f4", "()", floats({7}))}}));
    ASSERT_EQ(source->tensors().size(), 4U);
    EXPECT_EQ(source->tensors()[1].shape, (std::vector<uint64_t>{2}));
    EXPECT_EQ(values(*source, "params/img/encoderblock_0/scale"), (std::vector<float>{1, 2}));
    EXPECT_EQ(values(*source, "params/img/encoderblock_2/scale"), (std::vector<float>{5, 6}));
    EXPECT_EQ(values(*source, "params/b"), (std::vector<float>{7}));
  }
}

class BadNpz : public testing::TestWithParam<BadFile> {};

TEST_P(BadNpz, IsRefused) {
  const TemporaryFolder folder;
  write_text(folder.file("w.npz"), GetParam().bytes);
  const std::string message =
      expect_error(GetParam().code, [&] { read_all(*open_checkpoint(folder.file("w.npz"))); });
  EXPECT_NE(message.find(GetParam().part), std::string::npos) << message;
}

std::vector<BadFile> bad_files() {
  const std::string good = floats({1, 2});
  std::string flipped = npz(npy("<f4", "(2,)", good));
  flipped[flipped.find("\x80\x3F", 0, 2)] ^= 1;
  return {
      {"one value too few", npz(npy("<f4", "(3,)", good)), kDamaged, "needs 12 bytes"},
      {"one value too many", npz(npy("<f4", "(1,)", good)), kDamaged, "found 8"},
      {"a shape that overflows", npz(npy("<f4", "(4294967296, 4294967296, 4)", good)), kDamaged, "2^64"},
      {"a negative extent", npz(npy("<f4", "(-2,)", good)), kDamaged, "shape"},
      {"no shape", npz(npy("<f4", "2", good)), kDamaged, "tuple"},
      {"by columns", npz(npy("<f4", "(2, 1)", good, "True")), kUnsupported, "fortran_order"},
      {"objects", npz(npy("|O", "(2,)", good)), kUnsupported, "'|O'"},
      {"big-endian", npz(npy(">f4", "(2,)", good)), kUnsupported, "'>f4'"},
      {"no array", npz("hello, world"), kDamaged, ".npy"},
      {"an empty array file", npz(""), kDamaged, ".npy"},
      {"a header beyond the file", npz(std::string("\x93NUMPY\x01\x00\xFF\xFF", 10) + "{'descr'"), kDamaged,
       "header"},
      {"another file among the arrays",
       zip({{.name = "a.npy", .content = npy("<f4", "(2,)", good)}, {.name = "b.txt", .content = "x"}}),
       kUnsupported, "b.txt"},
      {"too many layers",
       zip({{.name = "x/encoderblock/a.npy", .content = npy("|i1", "(2000, 1)", std::string(2000, 'x'))}}),
       kTooLarge, "2000 layers"},
      {"a layer twice",
       zip({{.name = "x/encoderblock/a.npy", .content = npy("<f4", "(2, 1)", good)},
            {.name = "x/encoderblock_1/a.npy", .content = npy("<f4", "(1,)", floats({1}))}}),
       kDamaged, "encoderblock_1/a"},
      {"a changed value", flipped, kDamaged, "checksum"},
  };
}

INSTANTIATE_TEST_SUITE_P(Npz, BadNpz, testing::ValuesIn(bad_files()), case_name);

TEST_F(Npz, CutsAndFlipsAreSurvived) {
  for (const bool deflate : {false, true}) {
    const std::string good = npz(npy("<f4", "(2,)", floats({1, 2})), deflate);
    const std::string path = folder_.file("w.npz");
    expect_cuts_and_flips_survived(path, good, [&] { read_all(*open_checkpoint(path)); });
  }
}

}  // namespace
}  // namespace simdclip::tests

// Every bit of header, config, table and tokenizer flipped, one at a time: each must be refused at open.
// Every tensor's payload and padding changed: each must be found by verify().
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "format/crafted_file.h"
#include "support/errors.h"

namespace simdclip {
namespace {

using namespace tests;  // NOLINT: offsets of the format's fields

class Opened {
 public:
  Opened() : bytes_(CraftedFile::good().size()) {
    std::copy(CraftedFile::good().bytes().begin(), CraftedFile::good().bytes().end(), bytes_.data());
  }
  void flip(size_t at, unsigned bit) { bytes_[at] ^= std::byte{1} << bit; }
  bool refused() const {
    try {
      ModelFile::open_memory(bytes_.span(), "flipped");
      return false;
    } catch (const Error&) {
      return true;
    }
  }
  ModelFile open() const { return ModelFile::open_memory(bytes_.span(), "flipped"); }

 private:
  AlignedBuffer<std::byte> bytes_;
};

TEST(BitFlip, EveryBitBeforeTheTensorsIsRefused) {
  Opened file;
  ASSERT_FALSE(file.refused());
  const size_t end = CraftedFile::good().get<uint64_t>(kDataOffset);
  for (size_t at = 0; at < end; ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      file.flip(at, bit);
      ASSERT_TRUE(file.refused()) << "byte " << at << " bit " << bit;
      file.flip(at, bit);
    }
  }
  EXPECT_FALSE(file.refused());
}

TEST(BitFlip, VerifyFindsEveryChangedTensor) {
  Opened file;
  const ModelFile model = file.open();  // reads no weight, so it stays open while they change
  model.verify();
  std::mt19937_64 random(5);
  for (size_t i = 0; i < model.specs().size(); ++i) {
    const CraftedFile& good = CraftedFile::good();
    const size_t begin = good.get<uint64_t>(good.row(i) + kRowOffset),
                 size = good.get<uint64_t>(good.row(i) + kRowSize);
    std::vector<size_t> places = {begin, begin + size - 1};
    for (int k = 0; k < 20; ++k) places.push_back(begin + random() % size);
    for (const size_t at : places) {
      const auto bit = static_cast<unsigned>(random() % 8);
      file.flip(at, bit);
      EXPECT_FALSE(file.refused());
      expect_error(ErrorCode::damaged, [&] { model.verify(); },
                   {"checksum is wrong", ("'" + model.specs()[i].name + "'").c_str()});
      file.flip(at, bit);
    }
  }
  model.verify();
}

TEST(BitFlip, VerifyFindsChangedPadding) {
  Opened file;
  const ModelFile model = file.open();
  const CraftedFile& good = CraftedFile::good();
  size_t padded = 0;
  for (size_t i = 0; i + 1 < model.specs().size(); ++i) {
    const size_t end =
        good.get<uint64_t>(good.row(i) + kRowOffset) + good.get<uint64_t>(good.row(i) + kRowSize);
    const size_t next = good.get<uint64_t>(good.row(i + 1) + kRowOffset);
    if (end == next) continue;
    ++padded;
    for (const size_t at : {end, next - 1}) {
      file.flip(at, 0);
      expect_error(ErrorCode::damaged, [&] { model.verify(); }, {"padding byte at"});
      file.flip(at, 0);
    }
  }
  EXPECT_GT(padded, 5U);
}

TEST(BitFlip, ATensorsChecksumInTheTableIsCompared) {
  for (const size_t index : {size_t{0}, CraftedFile::good().tensors() - 1}) {
    CraftedFile file = CraftedFile::good();
    const size_t at = file.row(index) + kRowChecksum;
    file.set<uint64_t>(at, file.get<uint64_t>(at) ^ 1U);
    file.seal();
    const ModelFile model = file.open();
    expect_error(ErrorCode::damaged, [&] { model.verify(); }, {"checksum is wrong"});
    EXPECT_NE(model.fingerprint(), CraftedFile::good().open().fingerprint());
  }
}

}  // namespace
}  // namespace simdclip

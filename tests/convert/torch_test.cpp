// torch archives as a whole: storages, tensors, state dicts, modules.
#include "convert/builders.h"
#include "convert/tensor_source.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

constexpr ErrorCode kDamaged = ErrorCode::damaged, kTooLarge = ErrorCode::too_large,
                    kUnsupported = ErrorCode::unsupported;
const std::string kSix = floats({0, 1, 2, 3, 4, 5});

std::string storage(int64_t count = 6, const std::string& type = "FloatStorage",
                    const std::string& key = "0") {
  return p_storage(type, key, count);
}
std::string archive(const std::string& value, const std::vector<std::string>& storages = {kSix}) {
  return torch_archive(p_whole(value), storages);
}
std::string one(const std::string& tensor) { return archive(p_dict({{"a", tensor}})); }
std::string tensor(int64_t offset, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  return p_tensor(storage(), offset, shape, strides);
}
std::string raw_tensor(const std::string& args) {
  return p_global("torch._utils", "_rebuild_tensor_v2") + "(" + args + "tR";
}
std::string v3(const std::string& type, int64_t bytes, const std::string& dtype) {
  return p_global("torch._utils", "_rebuild_tensor_v3") + "((" + p_text("storage") +
         p_global("torch.storage", type) + p_text("0") + p_text("cpu") + p_int(bytes) + "tQ" + p_int(0) +
         p_tuple({6}) + p_tuple({1}) + "\x89" + p_global("collections", "OrderedDict") + ")R" + dtype + "tR";
}

std::vector<BadFile> storages() {
  const auto persistent = [](const std::string& id) {
    return one(raw_tensor(id + "Q" + p_int(0) + p_tuple({1}) + p_tuple({1})));
  };
  const std::string type = p_global("torch", "FloatStorage");
  return {
      {"storage smaller than its file", one(p_tensor(storage(5), 0, {5}, {1})), kDamaged, "24 bytes"},
      {"storage larger than its file", one(p_tensor(storage(7), 0, {7}, {1})), kDamaged, "24 bytes"},
      {"storage of another type", one(p_tensor(storage(6, "DoubleStorage"), 0, {6}, {1})), kDamaged, "f64"},
      {"storage of half the type", one(p_tensor(storage(6, "HalfStorage"), 0, {6}, {1})), kDamaged, "f16"},
      {"storage of 2^62", one(p_tensor(storage(1LL << 62), 0, {1}, {1})), kDamaged, "4611686018427387904"},
      {"storage of negative size", one(p_tensor(storage(-6), 0, {1}, {1})), kDamaged, "negative"},
      {"storage that is missing", one(p_tensor(storage(6, "FloatStorage", "7"), 0, {6}, {1})), kDamaged,
       "'7'"},
      {"storage key that climbs", one(p_tensor(storage(6, "FloatStorage", "../data/0"), 0, {6}, {1})),
       kDamaged, "'../data/0'"},
      {"storage size is text",
       persistent("(" + p_text("storage") + type + p_text("0") + p_text("cpu") + p_text("6") + "t"), kDamaged,
       "integer"},
      {"storage key is a number",
       persistent("(" + p_text("storage") + type + "K\x01" + p_text("cpu") + p_int(6) + "t"), kDamaged,
       "storage"},
      {"storage type is text",
       persistent("(" + p_text("storage") + p_text("FloatStorage") + p_text("0") + p_text("cpu") + p_int(6) +
                  "t"),
       kDamaged, "storage"},
      {"persistent id of four",
       persistent("(" + p_text("storage") + type + p_text("0") + p_text("cpu") + "t"), kDamaged,
       "persistent"},
      {"persistent id of another kind",
       persistent("(" + p_text("module") + type + p_text("0") + p_text("cpu") + p_int(6) + "t"), kDamaged,
       "persistent"},
      {"persistent id is text", persistent(p_text("storage")), kDamaged, "persistent"},
      {"persistent id is empty", persistent(")"), kDamaged, "persistent"},
      {"raw bytes of another size",
       archive(p_dict({{"a", v3("UntypedStorage", 20, p_global("torch", "float32"))}})), kDamaged,
       "24 bytes"},
  };
}

std::vector<BadFile> tensors() {
  return {
      {"beyond its storage", one(tensor(0, {7}, {1})), kDamaged, "beyond its storage"},
      {"beyond by its offset", one(tensor(1, {6}, {1})), kDamaged, "from element 1"},
      {"offset at the end", one(tensor(6, {1}, {1})), kDamaged, "beyond"},
      {"offset of 2^63-1", one(tensor(INT64_MAX, {1}, {1})), kDamaged, "beyond"},
      {"negative offset", one(tensor(-1, {1}, {1})), kDamaged, "negative"},
      {"negative stride", one(tensor(5, {6}, {-1})), kDamaged, "negative: -1"},
      {"negative stride in the second", one(tensor(0, {2, 3}, {3, -1})), kDamaged, "stride is negative"},
      {"negative size", one(tensor(0, {-1}, {1})), kDamaged, "size is negative"},
      {"stride beyond", one(tensor(0, {2, 3}, {4, 1})), kDamaged, "beyond"},
      {"stride of 2^62", one(tensor(0, {3}, {1LL << 62})), kDamaged, "beyond"},
      {"reach wraps around", one(tensor(0, {5}, {1LL << 62})), kDamaged, "beyond"},
      {"product of sizes wraps", one(tensor(0, {1LL << 32, 1LL << 32}, {0, 0})), kDamaged, "overflows"},
      {"a billion copies of one element", one(tensor(0, {1LL << 30}, {0})), kTooLarge, "contiguous()"},
      {"a trillion copies of one element", one(tensor(0, {1LL << 20, 1LL << 20}, {0, 0})), kTooLarge,
       "repeats"},
      {"more strides than sizes", one(tensor(0, {6}, {1, 1})), kDamaged, "one stride"},
      {"fewer strides than sizes", one(tensor(0, {2, 3}, {1})), kDamaged, "one stride"},
      {"33 extents", one(tensor(0, std::vector<int64_t>(33, 1), std::vector<int64_t>(33, 1))), kDamaged,
       "32"},
      {"storage is a number", one(raw_tensor("K\x01" + p_int(0) + p_tuple({1}) + p_tuple({1}))), kDamaged,
       "storage is the integer 1"},
      {"storage is a tensor", one(raw_tensor(tensor(0, {6}, {1}) + p_int(0) + p_tuple({1}) + p_tuple({1}))),
       kDamaged, "storage is a tensor"},
      {"size is a number", one(raw_tensor(storage() + p_int(0) + p_int(6) + p_tuple({1}))), kDamaged,
       "size should be a tuple"},
      {"stride is None", one(raw_tensor(storage() + p_int(0) + p_tuple({6}) + "N")), kDamaged,
       "stride should be a tuple"},
      {"size of strings", one(raw_tensor(storage() + p_int(0) + "(" + p_text("6") + "t" + p_tuple({1}))),
       kDamaged, "integer"},
      {"offset is text", one(raw_tensor(storage() + p_text("0") + p_tuple({6}) + p_tuple({1}))), kDamaged,
       "offset"},
      {"too few parts", one(raw_tensor(storage())), kDamaged, "1 parts"},
      {"no parts", one(raw_tensor("")), kDamaged, "0 parts"},
      {"parameter of a list", one(p_global("torch._utils", "_rebuild_parameter") + "]\x88N\x87R"), kDamaged,
       "parameter"},
      {"parameter of nothing", one(p_global("torch._utils", "_rebuild_parameter") + ")R"), kDamaged,
       "needs arguments"},
      {"typed tensor without type", one(p_global("torch._utils", "_rebuild_tensor_v3") + ")R"), kDamaged,
       "element type"},
      {"typed tensor of itself",
       one(p_global("torch._tensor", "_rebuild_from_type_v2") + "(" +
           p_global("torch._tensor", "_rebuild_from_type_v2") + p_global("torch", "Tensor") + ")NtR"),
       kDamaged, "of itself"},
      {"setitem on a tensor", one(tensor(0, {6}, {1}) + "NNs"), kDamaged, "SETITEM on a tensor"},
      {"append to a tensor", one(tensor(0, {6}, {1}) + "Na"), kDamaged, "APPEND on a tensor"},
      {"build on a tensor", one(tensor(0, {6}, {1}) + "}b"), kDamaged, "BUILD on a tensor"},
      {"setitems on a storage", one(storage() + "(NNu"), kDamaged, "SETITEMS on a storage"},
      {"ordered dict of numbers",
       one(p_global("collections", "OrderedDict") + "](K\x01"
                                                    "e\x85R"),
       kDamaged, "pairs"},
  };
}

std::vector<BadFile> files() {
  const std::string good = p_whole(p_dict({{"a", tensor(0, {6}, {1})}}));
  const std::string module = p_global("__torch__", "M") + ")\x81";
  return {
      {"no pickle", zip({{.name = "archive/version", .content = "3"}}), kUnsupported, "data.pkl"},
      {"a numpy archive of no array", zip({{.name = "a.npy", .content = "x"}}), kDamaged, "no .npy file"},
      {"two pickles", zip({{.name = "a/data.pkl", .content = good}, {.name = "b/data.pkl", .content = good}}),
       kDamaged, "2 data.pkl"},
      {"big endian",
       zip({{.name = "a/data.pkl", .content = good},
            {.name = "a/byteorder", .content = "big"},
            {.name = "a/data/0", .content = kSix}}),
       kUnsupported, "'big'"},
      {"the root is a list", archive("]"), kUnsupported, "a list"},
      {"the root is a tensor", archive(tensor(0, {6}, {1})), kUnsupported, "a tensor"},
      {"a whole pickled model", archive(p_global("open_clip.model", "CLIP") + ")\x81}b"), kUnsupported,
       "open_clip.model.CLIP"},
      {"an empty dict", archive("}"), kUnsupported, "no tensor"},
      {"a dict of numbers", archive(p_dict({{"a", "K\x01"}})), kUnsupported, "no tensor"},
      {"one name twice", archive(p_dict({{"a", tensor(0, {6}, {1})}, {"a", tensor(0, {6}, {1})}})), kDamaged,
       "two tensors"},
      {"a module inside itself", archive(module + "q\x01" + "}(" + p_text("m") + "h\x01ub"), kDamaged,
       "inside themselves"},
      {"an empty module", archive(module + "}b"), kUnsupported, "no tensor"},
      {"legacy file", std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) + "rest",
       kUnsupported, "torch.save"},
      {"a bare pickle", good, kUnsupported, "Save it again"},
      {"a bare pickle of protocol 4", "\x80\x04}.", kUnsupported, "Save it again"},
      {"a pickle bomb", zip({{.name = "a/data.pkl", .content = std::string(70 << 20, ']'), .deflate = true}}),
       kTooLarge, "data.pkl"},
      {"a pickle that calls os", archive(p_global("os", "system") + p_text("true") + "\x85R"), kUnsupported,
       "nothing was executed"},
  };
}

class BadTorch : public testing::TestWithParam<BadFile> {};
INSTANTIATE_TEST_SUITE_P(Storages, BadTorch, testing::ValuesIn(storages()), case_name);
INSTANTIATE_TEST_SUITE_P(Tensors, BadTorch, testing::ValuesIn(tensors()), case_name);
INSTANTIATE_TEST_SUITE_P(Files, BadTorch, testing::ValuesIn(files()), case_name);

TEST_P(BadTorch, IsRefusedByNameAndPart) {
  const TemporaryFolder folder;
  write_text(folder.file("bad.pt"), GetParam().bytes);
  expect_error(GetParam().code, [&] { open_checkpoint(folder.file("bad.pt")); },
               {"bad.pt", GetParam().part.c_str()});
}

// --- good files ---

struct Opened {
  TemporaryFolder folder;
  std::unique_ptr<TensorSource> source;
  explicit Opened(const std::string& bytes) {
    write_text(folder.file("good.pt"), bytes);
    source = open_checkpoint(folder.file("good.pt"));
  }
  std::vector<float> value(const char* name) const {
    const size_t index = source->find(name).value();
    std::vector<float> out(source->tensors()[index].elements());
    source->read(index, out);
    return out;
  }
};

TEST(Torch, MakesStridesContiguous) {
  const Opened file(archive(p_dict({{"plain", tensor(0, {2, 3}, {3, 1})},
                                    {"transposed", tensor(0, {3, 2}, {1, 3})},
                                    {"column", tensor(1, {2}, {3})},
                                    {"expanded", tensor(4, {3}, {0})},
                                    {"scalar", tensor(5, {}, {})},
                                    {"empty", tensor(0, {0, 3}, {3, 1})},
                                    {"one wide", tensor(0, {2, 1, 3}, {3, 99, 1})}})));
  EXPECT_EQ(file.value("plain"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(file.value("transposed"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(file.value("column"), (std::vector<float>{1, 4}));
  EXPECT_EQ(file.value("expanded"), (std::vector<float>{4, 4, 4}));
  EXPECT_EQ(file.value("scalar"), (std::vector<float>{5}));
  EXPECT_TRUE(file.value("empty").empty());
  EXPECT_EQ(file.value("one wide"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST(Torch, ReadsEveryStorageType) {
  const Opened file(
      torch_archive(p_whole(p_dict({{"f16", p_tensor(storage(1, "HalfStorage", "0"), 0, {1}, {1})},
                                    {"bf16", p_tensor(storage(1, "BFloat16Storage", "1"), 0, {1}, {1})},
                                    {"f64", p_tensor(storage(1, "DoubleStorage", "2"), 0, {1}, {1})},
                                    {"i64", p_tensor(storage(1, "LongStorage", "3"), 0, {1}, {1})},
                                    {"i32", p_tensor(storage(1, "IntStorage", "4"), 0, {1}, {1})},
                                    {"u8", p_tensor(storage(1, "ByteStorage", "5"), 0, {1}, {1})}})),
                    {little(0x3E00, 2), little(0xBFC0, 2), little(0x4004000000000000, 8), little(9, 8),
                     little(0xFFFFFFFF, 4), little(200, 1)}));
  EXPECT_EQ(file.value("f16")[0], 1.5F);
  EXPECT_EQ(file.value("bf16")[0], -1.5F);
  EXPECT_EQ(file.value("f64")[0], 2.5F);
  EXPECT_EQ(file.value("i64")[0], 9);
  EXPECT_EQ(file.value("i32")[0], -1);
  EXPECT_EQ(file.value("u8")[0], 200);
}

TEST(Torch, FindsTheStateDictOfATrainingCheckpoint) {
  const std::string state = p_global("collections", "OrderedDict") + ")R(" + p_text("module.a.weight") +
                            p_global("torch._utils", "_rebuild_parameter") + tensor(0, {6}, {1}) + "\x88" +
                            p_global("collections", "OrderedDict") + ")R\x87R" + p_text("module.b") +
                            tensor(0, {2}, {1}) + "u}(" + p_text("_metadata") + "}ub";
  const Opened file(archive(p_dict(
      {{"epoch", "K\x03"},
       {"args", p_global("argparse", "Namespace") + ")R}(" + p_text("lr") + "Nub"},
       {"state_dict", state},
       {"optimizer", p_dict({{"state", "}"}, {"x", p_global("numpy.core.multiarray", "scalar") + ")R"}})}})));
  ASSERT_EQ(file.source->tensors().size(), 2U);
  EXPECT_EQ(file.source->tensors()[0].name, "a.weight");
  EXPECT_EQ(file.value("a.weight"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST(Torch, OpaqueTensorsAreLeftOut) {
  const Opened file(archive(p_dict({{"a", tensor(0, {6}, {1})},
                                    {"quantized", p_tensor(storage(6, "QInt8Storage"), 0, {6}, {1})},
                                    {"u16", v3("UntypedStorage", 24, p_global("torch", "uint16"))}})));
  EXPECT_EQ(file.source->tensors().size(), 1U);
}

TEST(Torch, ReadsRawBytesWithATypeBeside) {
  const Opened file(archive(p_dict({{"a", v3("UntypedStorage", 24, p_global("torch", "float32"))}})));
  EXPECT_EQ(file.value("a"), (std::vector<float>{0, 1, 2, 3, 4, 5}));
}

TEST(Torch, FlattensModules) {
  const std::string module = p_global("__torch__.M", "M") + ")\x81}(";
  const Opened file(archive(module + p_text("training") + "\x89" + p_text("p") + tensor(0, {1}, {1}) +
                            p_text("sub") + module + p_text("0") + module + p_text("weight") +
                            tensor(1, {2}, {1}) + "ububub"));
  ASSERT_EQ(file.source->tensors().size(), 2U);
  EXPECT_EQ(file.value("sub.0.weight"), (std::vector<float>{1, 2}));
}

TEST(Torch, ReadsDeflatedArchives) {
  const std::string pickle = p_whole(p_dict({{"a", tensor(0, {3, 2}, {1, 3})}}));
  const Opened file(zip({{.name = "x/data.pkl", .content = pickle, .deflate = true},
                         {.name = "x/data/0", .content = kSix, .deflate = true}}));
  EXPECT_EQ(file.value("a"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  const Opened flat(zip({{.name = "data.pkl", .content = pickle}, {.name = "data/0", .content = kSix}}));
  EXPECT_EQ(flat.value("a"), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(Torch, AFlippedPayloadByteIsFoundWhenRead) {
  std::string bytes = one(tensor(0, {6}, {1}));
  bytes[bytes.find(kSix) + 9] ^= 1;
  const Opened file(bytes);
  expect_error(kDamaged, [&] { file.value("a"); }, {"good.pt", "data/0", "checksum"});
}

TEST(Torch, SurvivesEveryCutAndEveryFlippedBit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("cut.pt");
  expect_cuts_and_flips_survived(path, one(tensor(0, {2, 3}, {3, 1})), [&] { read_all(*open_torch(path)); });
}

TEST(Checkpoint, SaysWhatAStrangerIs) {
  const TemporaryFolder folder;
  const std::string path = folder.file("model.bin");
  for (const auto& [bytes, part] : std::vector<std::pair<std::string, const char*>>{
           {"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"},
           {"<!DOCTYPE html><html>", "web page"},
           {"GGUF\x03", "GGUF"},
           {"\x89HDF\r\n", "HDF5"},
           {"\x1f\x8b\x08", "gzip"},
           {"\x93NUMPY\x01", ".npy"},
           {"SIMDCLIP", ".sclip"}}) {
    write_text(path, bytes);
    expect_error(kUnsupported, [&] { open_checkpoint(path); }, {"model.bin", part});
  }
  write_text(path, "");
  expect_error(kDamaged, [&] { open_checkpoint(path); }, {"model.bin", "empty"});
  expect_error(ErrorCode::not_found, [&] { open_checkpoint(folder.file("nothing.bin")); }, {"nothing.bin"});
  expect_error(ErrorCode::io, [&] { open_checkpoint(folder.path().string()); },
               {folder.path().string().c_str()});
}

}  // namespace
}  // namespace simdclip::tests

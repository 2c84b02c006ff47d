#include "convert/builders.h"
#include "convert/tensor_source.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

std::string shard(const std::string& name) {
  return safetensors("{\"" + name + R"(":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", floats({1}));
}

struct Shards : testing::Test {
  TemporaryFolder folder;
  std::string index = folder.file("model.safetensors.index.json");
  void SetUp() override {
    write_text(folder.file("1.safetensors"), shard("a"));
    write_text(folder.file("2.safetensors"), shard("b"));
  }
  void refuse(const std::string& json, ErrorCode code, std::initializer_list<const char*> parts) {
    write_text(index, json);
    expect_error(
        code, [&] { open_checkpoint(index); }, parts);
  }
};

TEST_F(Shards, AreOneSource) {
  write_text(index,
             R"({"metadata":{"total_size":8},"weight_map":{"b":"2.safetensors","a":"1.safetensors"}})");
  const auto source = open_checkpoint(index);
  ASSERT_EQ(source->tensors().size(), 2U);
  EXPECT_EQ(source->tensors()[1].name, "b");
  std::vector<float> out(1);
  source->read(1, out);
  EXPECT_EQ(out[0], 1);
}

TEST_F(Shards, OfTorchToo) {
  write_text(folder.file("pytorch_model-1.bin"),
             torch_archive(p_whole(p_dict({{"c", p_tensor(p_storage("FloatStorage", "0", 1), 0, {1}, {1})}})),
                           {floats({3})}));
  write_text(index, R"({"weight_map":{"c":"pytorch_model-1.bin"}})");
  std::vector<float> out(1);
  open_checkpoint(index)->read(0, out);
  EXPECT_EQ(out[0], 3);
}

TEST_F(Shards, BadIndicesAreRefused) {
  const ErrorCode damaged = ErrorCode::damaged;
  const char* name = "model.safetensors.index.json";
  refuse("{", damaged, {name, "JSON"});
  refuse("{}", ErrorCode::missing_info, {name, "weight_map"});
  refuse(R"({"weight_map":[]})", damaged, {name, "weight_map"});
  refuse(R"({"weight_map":{}})", damaged, {name, "empty"});
  refuse(R"({"weight_map":{"a":1}})", damaged, {name, "'a'"});
  refuse(R"({"weight_map":{"a":"1.safetensors","a":"2.safetensors"}})", damaged, {name, "twice"});
  for (const char* bad :
       {"../1.safetensors", "/etc/passwd", "a/1.safetensors", "..", ".", "", "a\\\\b", "c:x"})
    refuse(std::string(R"({"weight_map":{"a":")") + bad + "\"}}", damaged, {name, "in the same folder"});
  refuse(R"({"weight_map":{"a":"3.safetensors"}})", ErrorCode::not_found, {name, "3.safetensors"});
  refuse(R"({"weight_map":{"a":"1.safetensors","x":"2.safetensors"}})", damaged, {name, "'b'"});
  refuse(R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}})", damaged,
         {name, "weight_map"});
  refuse(R"({"weight_map":{"a":"2.safetensors","b":"1.safetensors"}})", damaged, {name, "weight_map says"});
  refuse(R"({"weight_map":{"a":"1.safetensors","c":"1.safetensors"}})", damaged, {name, "'c'"});
  refuse(R"({"weight_map":{"a":"1.safetensors"}} x)", damaged, {name, "JSON"});
  write_text(folder.file("2.safetensors"), "short");
  refuse(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})", damaged, {"2.safetensors"});
}

TEST_F(Shards, AnIndexOfItselfIsRefused) {
  refuse(R"({"weight_map":{"a":"model.safetensors.index.json"}})", ErrorCode::damaged,
         {"model.safetensors.index.json"});
}

}  // namespace
}  // namespace simdclip::tests

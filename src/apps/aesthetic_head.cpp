#include <algorithm>
#include <map>
#include <string>

#include "base/fail.h"
#include "convert/tensor_source.h"
#include "simdclip/score.h"

namespace simdclip {
namespace {

struct Layer {
  const ForeignTensor* weight = nullptr;
  const ForeignTensor* bias = nullptr;
};

// "layers.10" comes behind "layers.2": numbers count as numbers.
std::string sortable(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size();) {
    size_t end = i;
    while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
    if (end > i) {
      out += std::string(end - i < 8 ? 8 - (end - i) : 0, '0') + name.substr(i, end - i);
      i = end;
    } else {
      out += name[i++];
    }
  }
  return out;
}

std::map<std::string, Layer> layers_of(const TensorSource& source) {
  std::map<std::string, Layer> layers;
  for (const ForeignTensor& tensor : source.tensors()) {
    const size_t dot = tensor.name.rfind('.');
    const std::string layer = dot == std::string::npos ? std::string() : tensor.name.substr(0, dot),
                      part = tensor.name.substr(dot + 1);
    const bool weight = part == "weight" && tensor.shape.size() == 2,
               bias = part == "bias" && tensor.shape.size() == 1;
    if (!weight && !bias) {
      fail(ErrorCode::unsupported, source.path(), ": tensor '", tensor.name,
           "' is no part of a linear layer; expected an aesthetic predictor's "
           "file (2-D weights and 1-D biases)");
    }
    (weight ? layers[sortable(layer)].weight : layers[sortable(layer)].bias) = &tensor;
  }
  if (layers.empty())
    fail(ErrorCode::unsupported, source.path(),
         ": holds no tensor, expected an aesthetic predictor's linear layers");
  return layers;
}

std::vector<float> read(const TensorSource& source, const ForeignTensor& tensor) {
  std::vector<float> out(tensor.elements());
  source.read(static_cast<size_t>(&tensor - source.tensors().data()), out);
  return out;
}

}  // namespace

AestheticHead AestheticHead::open(const std::string& path) {
  const auto source = open_checkpoint(path);
  const auto layers = layers_of(*source);
  AestheticHead head;
  head.path_ = path;
  head.weight_ = {1.0};  // from the last layer's one output back to the vector
  for (auto it = layers.rbegin(); it != layers.rend(); ++it) {
    const Layer& layer = it->second;
    if (layer.weight == nullptr || layer.bias == nullptr || layer.weight->shape[0] != head.weight_.size() ||
        layer.bias->shape[0] != head.weight_.size()) {
      const ForeignTensor& one = layer.weight != nullptr ? *layer.weight : *layer.bias;
      fail(ErrorCode::shape_mismatch, path, ": the layer of '", one.name,
           "' should have a weight and a bias of ", head.weight_.size(),
           " outputs; the layers do not form one predictor with one output");
    }
    const std::vector<float> weight = read(*source, *layer.weight), bias = read(*source, *layer.bias);
    const size_t inputs = layer.weight->shape[1];
    std::vector<double> next(inputs, 0.0);
    for (size_t o = 0; o < head.weight_.size(); ++o) {
      for (size_t i = 0; i < inputs; ++i)
        next[i] += head.weight_[o] * static_cast<double>(weight[o * inputs + i]);
      head.bias_ += head.weight_[o] * static_cast<double>(bias[o]);
    }
    head.weight_ = std::move(next);
  }
  return head;
}

double AestheticHead::score(std::span<const float> image) const {
  if (image.size() != weight_.size()) {
    fail(ErrorCode::invalid_argument, path_, ": this predictor takes vectors of ", weight_.size(),
         " values, the model gives ", image.size(), "; LAION's take those of ViT-L/14 (768)");
  }
  double sum = bias_;
  for (size_t d = 0; d < weight_.size(); ++d) sum += weight_[d] * static_cast<double>(image[d]);
  return sum;
}

}  // namespace simdclip

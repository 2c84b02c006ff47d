// Made by tools/arch_table/make_timm_table.py from timm 1.0.31: do not edit.
// The image towers that open_clip takes from timm, by name: sizes and switches as the modules have them.
#include "convert/timm_table.h"

namespace simdclip {
namespace {

constexpr TimmEntry kModels[] = {
    {"convnext_base", R"({"unsupported":"timm's ConvNeXt"})"},
    {"convnext_large", R"({"unsupported":"timm's ConvNeXt"})"},
    {"convnext_small", R"({"unsupported":"timm's ConvNeXt"})"},
    {"convnext_tiny", R"({"unsupported":"timm's ConvNeXt"})"},
    {"convnext_xlarge", R"({"unsupported":"timm's ConvNeXt"})"},
    {"convnext_xxlarge", R"({"unsupported":"timm's ConvNeXt"})"},
    {"eva02_base_patch16_clip_224", R"({"activation":"silu","attention_norm":true,"class_position":true,"class_token":true,"gated_mlp":true,"heads":12,"image_size":224,"layer_scale":false
,"layers":12,"mlp_norm":true,"mlp_width":2048,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"split_no_k_bias","rotary":{"offset":0.0,"reference":[16,16],"temperature":10000.0,"xy":false},"width":768})"},
    {"eva02_enormous_patch14_clip_224", R"({"activation":"gelu","attention_norm":false,"class_position":true,"class_token":true,"gated_mlp":false,"heads":16,"image_size":224,"layer_scale":false
,"layers":64,"mlp_norm":false,"mlp_width":15360,"norm":"branch","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"fused_no_k_bias","width":1792})"},
    {"eva02_large_patch14_clip_224", R"({"activation":"silu","attention_norm":true,"class_position":true,"class_token":true,"gated_mlp":true,"heads":16,"image_size":224,"layer_scale":false
,"layers":24,"mlp_norm":true,"mlp_width":2730,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"split_no_k_bias","rotary":{"offset":0.0,"reference":[16,16],"temperature":10000.0,"xy":false},"width":1024})"},
    {"eva02_large_patch14_clip_336", R"({"activation":"silu","attention_norm":true,"class_position":true,"class_token":true,"gated_mlp":true,"heads":16,"image_size":336,"layer_scale":false
,"layers":24,"mlp_norm":true,"mlp_width":2730,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"split_no_k_bias","rotary":{"offset":0.0,"reference":[16,16],"temperature":10000.0,"xy":false},"width":1024})"},
    {"eva_giant_patch14_224", R"({"activation":"gelu","attention_norm":false,"class_position":true,"class_token":true,"gated_mlp":false,"heads":16,"image_size":224,"layer_scale":false
,"layers":40,"mlp_norm":false,"mlp_width":6144,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"fused_no_k_bias","width":1408})"},
    {"fastvit_mci0", R"({"unsupported":"timm's FastVit"})"},
    {"fastvit_mci1", R"({"unsupported":"timm's FastVit"})"},
    {"fastvit_mci2", R"({"unsupported":"timm's FastVit"})"},
    {"fastvit_mci3", R"({"unsupported":"timm's FastVit"})"},
    {"fastvit_mci4", R"({"unsupported":"timm's FastVit"})"},
    {"swin_base_patch4_window7_224", R"({"unsupported":"timm's SwinTransformer"})"},
    {"vit_base_mci_224", R"({"activation":"gelu","attention_norm":false,"class_position":false,"class_token":true,"gated_mlp":false,"heads":12,"image_size":224,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","stem_width":192,"width":768})"},
    {"vit_base_patch16_siglip_224", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":12,"mlp_width":3072,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":12,"image_size":224,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":768})"},
    {"vit_base_patch16_siglip_256", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":12,"mlp_width":3072,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":12,"image_size":256,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":768})"},
    {"vit_base_patch16_siglip_384", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":12,"mlp_width":3072,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":12,"image_size":384,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":768})"},
    {"vit_base_patch16_siglip_512", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":12,"mlp_width":3072,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":12,"image_size":512,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":768})"},
    {"vit_base_patch32_siglip_256", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":12,"mlp_width":3072,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":12,"image_size":256,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":32,"pre_norm":false,"qkv":"fused","width":768})"},
    {"vit_giantopt_patch16_siglip_256", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":6144,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":256,"layer_scale":false
,"layers":40,"mlp_norm":false,"mlp_width":6144,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1536})"},
    {"vit_giantopt_patch16_siglip_384", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":6144,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":384,"layer_scale":false
,"layers":40,"mlp_norm":false,"mlp_width":6144,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1536})"},
    {"vit_large_patch14_clip_224", R"({"activation":"gelu","attention_norm":false,"class_position":true,"class_token":true,"gated_mlp":false,"heads":16,"image_size":224,"layer_scale":false
,"layers":24,"mlp_norm":false,"mlp_width":4096,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":14,"pre_norm":true,"qkv":"fused","width":1024})"},
    {"vit_large_patch16_siglip_256", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":16,"mlp_width":4096,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":256,"layer_scale":false
,"layers":24,"mlp_norm":false,"mlp_width":4096,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1024})"},
    {"vit_large_patch16_siglip_384", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":16,"mlp_width":4096,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":384,"layer_scale":false
,"layers":24,"mlp_norm":false,"mlp_width":4096,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1024})"},
    {"vit_large_patch16_siglip_512", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":4096,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":512,"layer_scale":false
,"layers":24,"mlp_norm":false,"mlp_width":4096,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1024})"},
    {"vit_medium_patch16_gap_256", R"({"activation":"gelu","attention_norm":false,"class_position":true,"class_token":false,"gated_mlp":false,"heads":8,"image_size":256,"layer_scale":true
,"layers":12,"mlp_norm":false,"mlp_width":2048,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused_no_bias","width":512})"},
    {"vit_pe_core_base_patch16_224", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":8,"mlp_width":3072,"norm_eps":1e-05},"class_position":true,"class_token":true,"gated_mlp":false,"heads":12,"image_size":224,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":3072,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":16,"pre_norm":true,"qkv":"fused","rotary":{"offset":1.0,"reference":[14,14],"temperature":10000.0,"xy":true},"width":768})"},
    {"vit_pe_core_gigantic_patch14_448", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":8,"mlp_width":6144,"norm_eps":1e-05},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":448,"layer_scale":false
,"layers":50,"mlp_norm":false,"mlp_width":8960,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":14,"pre_norm":true,"qkv":"fused","rotary":{"offset":0.0,"reference":[32,32],"temperature":10000.0,"xy":true},"width":1536})"},
    {"vit_pe_core_large_patch14_336", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":8,"mlp_width":4096,"norm_eps":1e-05},"class_position":true,"class_token":true,"gated_mlp":false,"heads":16,"image_size":336,"layer_scale":false
,"layers":24,"mlp_norm":false,"mlp_width":4096,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":14,"pre_norm":true,"qkv":"fused","rotary":{"offset":1.0,"reference":[24,24],"temperature":10000.0,"xy":true},"width":1024})"},
    {"vit_pe_core_small_patch16_384", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":8,"mlp_width":1536,"norm_eps":1e-05},"class_position":true,"class_token":true,"gated_mlp":false,"heads":6,"image_size":384,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":1536,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":16,"pre_norm":true,"qkv":"fused","rotary":{"offset":1.0,"reference":[24,24],"temperature":10000.0,"xy":true},"width":384})"},
    {"vit_pe_core_tiny_patch16_384", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":8,"mlp_width":768,"norm_eps":1e-05},"class_position":true,"class_token":true,"gated_mlp":false,"heads":3,"image_size":384,"layer_scale":false
,"layers":12,"mlp_norm":false,"mlp_width":768,"norm":"before","norm_eps":1e-05
,"patch_bias":false,"patch_size":16,"pre_norm":true,"qkv":"fused","rotary":{"offset":1.0,"reference":[24,24],"temperature":10000.0,"xy":true},"width":192})"},
    {"vit_relpos_medium_patch16_cls_224", R"({"unsupported":"timm's VisionTransformerRelPos"})"},
    {"vit_so400m_patch14_siglip_224", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":224,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vit_so400m_patch14_siglip_378", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":378,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vit_so400m_patch14_siglip_384", R"({"activation":"gelu","attention_norm":false,"attention_pool":{"activation":"gelu","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":384,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":14,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vit_so400m_patch16_siglip_256", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":256,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vit_so400m_patch16_siglip_384", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":384,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vit_so400m_patch16_siglip_512", R"({"activation":"gelu_tanh","attention_norm":false,"attention_pool":{"activation":"gelu_tanh","heads":16,"mlp_width":4304,"norm_eps":1e-06},"class_position":true,"class_token":false,"gated_mlp":false,"heads":16,"image_size":512,"layer_scale":false
,"layers":27,"mlp_norm":false,"mlp_width":4304,"norm":"before","norm_eps":1e-06
,"patch_bias":true,"patch_size":16,"pre_norm":false,"qkv":"fused","width":1152})"},
    {"vitamin_base_224", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large2_224", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large2_256", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large2_336", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large2_384", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large_224", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large_256", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large_336", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_large_384", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_small_224", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_xlarge_256", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_xlarge_336", R"({"unsupported":"an mlp of type GeGluMlp"})"},
    {"vitamin_xlarge_384", R"({"unsupported":"an mlp of type GeGluMlp"})"},
};

}  // namespace

std::span<const TimmEntry> timm_table() noexcept { return kModels; }

}  // namespace simdclip

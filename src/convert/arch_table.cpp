// Made by tools/arch_table/make_arch_table.py from open_clip_torch 3.3.0: do not edit.
// The architectures that open_clip knows by name (open_clip/model_configs; MIT License, Copyright (c) 2012-2021 Gabriel Ilharco,
// Mitchell Wortsman, Nicholas Carlini, Rohan Taori, Achal Dave, Vaishaal Shankar, John Miller, Hongseok Namkoong, Hannaneh Hajishirzi,
// Ali Farhadi, Ludwig Schmidt), as the JSON that open_clip_config.json has under model_cfg, and the preprocessing of their
// pretrained tags (open_clip/pretrained.py).
#include "convert/arch_table.h"

namespace simdclip {
namespace {

constexpr ArchEntry kArchs[] = {
    {"EVA01-g-14", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224
,"timm_model_name":"eva_giant_patch14_224","timm_model_pretrained":false,"timm_pool":"token"
,"timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion400m_s11b_b41k"]}])"},
    {"EVA01-g-14-plus", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":224
,"timm_model_name":"eva_giant_patch14_224","timm_model_pretrained":false,"timm_pool":"token"
,"timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["merged2b_s11b_b114k"]}])"},
    {"EVA02-B-16", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224
,"timm_model_name":"eva02_base_patch16_clip_224","timm_model_pretrained":false,"timm_pool":"token"
,"timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["merged2b_s8b_b131k"]}])"},
    {"EVA02-E-14", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":224
,"timm_model_name":"eva02_enormous_patch14_clip_224","timm_model_pretrained":false
,"timm_pool":"token","timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s4b_b115k"]}])"},
    {"EVA02-E-14-plus", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":20,"layers":32
,"vocab_size":49408,"width":1280},"vision_cfg":{"image_size":224
,"timm_model_name":"eva02_enormous_patch14_clip_224","timm_model_pretrained":false
,"timm_pool":"token","timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s9b_b144k"]}])"},
    {"EVA02-L-14", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224
,"timm_model_name":"eva02_large_patch14_clip_224","timm_model_pretrained":false,"timm_pool":"token"
,"timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["merged2b_s4b_b131k"]}])"},
    {"EVA02-L-14-336", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":336
,"timm_model_name":"eva02_large_patch14_clip_336","timm_model_pretrained":false,"timm_pool":"token"
,"timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["merged2b_s6b_b61k"]}])"},
    {"MobileCLIP-B", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":false,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"vit_base_mci_224"
,"timm_model_pretrained":false,"timm_pool":"token","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["datacompdr","datacompdr_lt"]}])"},
    {"MobileCLIP-S1", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci1","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["datacompdr"]}])"},
    {"MobileCLIP-S2", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci2","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["datacompdr"]}])"},
    {"MobileCLIP2-B", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":false,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"vit_base_mci_224"
,"timm_model_pretrained":false,"timm_pool":"token","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["dfndr2b"]}])"},
    {"MobileCLIP2-L-14", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224
,"timm_drop":0.0,"timm_drop_path":0.1,"timm_model_name":"vit_large_patch14_clip_224"
,"timm_model_pretrained":false,"timm_pool":"token","timm_proj":null}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["dfndr2b"]}])"},
    {"MobileCLIP2-S0", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci0","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["dfndr2b"]}])"},
    {"MobileCLIP2-S2", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci2","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.0,0.0,0.0],"quick_gelu":false,"resize_mode":"shortest"
,"std":[1.0,1.0,1.0],"tags":["dfndr2b"]}])"},
    {"MobileCLIP2-S3", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci3","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["dfndr2b"]}])"},
    {"MobileCLIP2-S4", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"no_causal_mask":true,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":256
,"timm_drop":0.0,"timm_drop_path":0.0,"timm_model_name":"fastvit_mci4","timm_model_pretrained":false
,"timm_pool":"avg","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["dfndr2b"]}])"},
    {"PE-Core-B-16", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":32,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":224
,"timm_model_name":"vit_pe_core_base_patch16_224","timm_model_pretrained":false,"timm_pool":"map"
,"timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["meta"]}])"},
    {"PE-Core-L-14-336", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":32,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":336
,"timm_model_name":"vit_pe_core_large_patch14_336","timm_model_pretrained":false,"timm_pool":"map"
,"timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["meta"]}])"},
    {"PE-Core-S-16-384", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":32,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":384
,"timm_model_name":"vit_pe_core_small_patch16_384","timm_model_pretrained":false,"timm_pool":"map"
,"timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["meta"]}])"},
    {"PE-Core-T-16-384", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":32,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":384
,"timm_model_name":"vit_pe_core_tiny_patch16_384","timm_model_pretrained":false,"timm_pool":"map"
,"timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["meta"]}])"},
    {"PE-Core-bigG-14-448", R"({"custom_text":true,"embed_dim":1280,"text_cfg":{"context_length":72,"heads":20,"layers":24
,"vocab_size":49408,"width":1280},"vision_cfg":{"image_size":448
,"timm_model_name":"vit_pe_core_gigantic_patch14_448","timm_model_pretrained":false
,"timm_pool":"map","timm_proj":null}})",
     R"([{"interpolation":"bilinear","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["meta"]}])"},
    {"RN101", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":[3,4,23,3],"patch_size":null,"width":64}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","yfcc15m"]}])"},
    {"RN101-quickgelu", R"({"embed_dim":512,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224,"layers":[3,4,23,3]
,"patch_size":null,"width":64}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","yfcc15m"]}])"},
    {"RN50", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":[3,4,6,3],"patch_size":null,"width":64}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","yfcc15m"
,"cc12m"]}])"},
    {"RN50-quickgelu", R"({"embed_dim":1024,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224,"layers":[3,4,6,3],"patch_size":null
,"width":64}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","yfcc15m"
,"cc12m"]}])"},
    {"RN50x16", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":384,"layers":[6,8,18,8],"patch_size":null,"width":96}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"RN50x16-quickgelu", R"({"embed_dim":768,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":384,"layers":[6,8,18,8]
,"patch_size":null,"width":96}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"RN50x4", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":288,"layers":[4,6,10,6],"patch_size":null,"width":80}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"RN50x4-quickgelu", R"({"embed_dim":640,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":10,"layers":12
,"vocab_size":49408,"width":640},"vision_cfg":{"image_size":288,"layers":[4,6,10,6]
,"patch_size":null,"width":80}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"RN50x64", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":12,"vocab_size":49408
,"width":1024},"vision_cfg":{"image_size":448,"layers":[3,15,36,10],"patch_size":null,"width":128}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"RN50x64-quickgelu", R"({"embed_dim":1024,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":16,"layers":12
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":448,"layers":[3,15,36,10]
,"patch_size":null,"width":128}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"ViT-B-16", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","dfn2b"
,"metaclip_400m","metaclip_fullcc"]},{"interpolation":"bicubic","mean":[0.48145466,0.4578275
,0.40821073],"quick_gelu":false,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["laion400m_e31","laion400m_e32","laion2b_s34b_b88k","datacomp_xl_s13b_b90k"
,"datacomp_l_s1b_b8k","commonpool_l_clip_s1b_b8k","commonpool_l_laion_s1b_b8k"
,"commonpool_l_image_s1b_b8k","commonpool_l_text_s1b_b8k","commonpool_l_basic_s1b_b8k"
,"commonpool_l_s1b_b8k"]}])"},
    {"ViT-B-16-SigLIP", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10,"text_cfg":{"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":768}
,"vision_cfg":{"image_size":224,"timm_model_name":"vit_base_patch16_siglip_224"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP-256", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10,"text_cfg":{"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":768}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_base_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP-384", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10,"text_cfg":{"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":768}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_base_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP-512", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10,"text_cfg":{"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":768}
,"vision_cfg":{"image_size":512,"timm_model_name":"vit_base_patch16_siglip_512"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP-i18n-256", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10,"text_cfg":{"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP-i18n-256","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":250000,"width":768}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_base_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP2", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP2","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":768}
,"vision_cfg":{"image_size":224,"timm_model_name":"vit_base_patch16_siglip_224"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP2-256", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP2-256","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":768}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_base_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP2-384", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP2-384","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":768}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_base_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-SigLIP2-512", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP2-512","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":768}
,"vision_cfg":{"image_size":512,"timm_model_name":"vit_base_patch16_siglip_512"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-16-plus", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16,"width":896}})",
     R"([])"},
    {"ViT-B-16-plus-240", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":240,"layers":12,"patch_size":16,"width":896}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion400m_e31"
,"laion400m_e32"]}])"},
    {"ViT-B-16-quickgelu", R"({"embed_dim":512,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16
,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","dfn2b"
,"metaclip_400m","metaclip_fullcc"]}])"},
    {"ViT-B-32", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","laion400m_e31"
,"laion400m_e32","metaclip_400m","metaclip_fullcc"]},{"interpolation":"bicubic","mean":[0.48145466
,0.4578275,0.40821073],"quick_gelu":false,"resize_mode":"shortest","std":[0.26862954,0.26130258
,0.27577711],"tags":["laion2b_e16","laion2b_s34b_b79k","datacomp_xl_s13b_b90k"
,"datacomp_m_s128m_b4k","commonpool_m_clip_s128m_b4k","commonpool_m_laion_s128m_b4k"
,"commonpool_m_image_s128m_b4k","commonpool_m_text_s128m_b4k","commonpool_m_basic_s128m_b4k"
,"commonpool_m_s128m_b4k","datacomp_s_s13m_b4k","commonpool_s_clip_s13m_b4k"
,"commonpool_s_laion_s13m_b4k","commonpool_s_image_s13m_b4k","commonpool_s_text_s13m_b4k"
,"commonpool_s_basic_s13m_b4k","commonpool_s_s13m_b4k"]}])"},
    {"ViT-B-32-256", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":256,"layers":12,"patch_size":32,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp_s34b_b86k"]}])"},
    {"ViT-B-32-SigLIP2-256", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":12
,"hf_tokenizer_name":"timm/ViT-B-32-SigLIP2-256","layers":12,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":768}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_base_patch32_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-B-32-plus-256", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":256,"layers":12,"patch_size":32,"width":896}})",
     R"([])"},
    {"ViT-B-32-quickgelu", R"({"embed_dim":512,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32
,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","laion400m_e31"
,"laion400m_e32","metaclip_400m","metaclip_fullcc"]}])"},
    {"ViT-H-14", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"head_width":80,"image_size":224,"layers":32,"patch_size":14
,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s32b_b79k"
,"metaclip_altogether"]},{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073]
,"quick_gelu":true,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["metaclip_fullcc"]},{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073]
,"quick_gelu":true,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711]
,"tags":["dfn5b"]}])"},
    {"ViT-H-14-378", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"head_width":80,"image_size":378,"layers":32,"patch_size":14
,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711],"tags":["dfn5b"]}])"},
    {"ViT-H-14-378-quickgelu", R"({"embed_dim":1024,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"head_width":80,"image_size":378,"layers":32
,"patch_size":14,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711],"tags":["dfn5b"]}])"},
    {"ViT-H-14-CLIPA", R"({"embed_dim":1024,"text_cfg":{"context_length":32,"heads":16,"hf_tokenizer_name":"bert-base-uncased"
,"layers":24,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":1024},"vision_cfg":{"final_ln_after_pool":true,"head_width":80
,"image_size":224,"layers":32,"no_ln_pre":true,"patch_size":14,"pool_type":"avg","width":1280}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["datacomp1b"]}])"},
    {"ViT-H-14-CLIPA-336", R"({"embed_dim":1024,"text_cfg":{"context_length":32,"heads":16,"hf_tokenizer_name":"bert-base-uncased"
,"layers":24,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":1024},"vision_cfg":{"final_ln_after_pool":true,"head_width":80
,"image_size":336,"layers":32,"no_ln_pre":true,"patch_size":14,"pool_type":"avg","width":1280}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["laion2b","datacomp1b"]}])"},
    {"ViT-H-14-quickgelu", R"({"embed_dim":1024,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"head_width":80,"image_size":224,"layers":32
,"patch_size":14,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip_fullcc"]}
,{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711],"tags":["dfn5b"]}])"},
    {"ViT-H-14-worldwide", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"eos_id":2,"heads":16
,"hf_tokenizer_name":"facebook/xlm-v-base","layers":24,"pool_type":"eos","vocab_size":901629
,"width":1024},"vision_cfg":{"head_width":80,"image_size":224,"layers":32,"patch_size":14
,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip2_worldwide"]}])"},
    {"ViT-H-14-worldwide-378", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"eos_id":2,"heads":16
,"hf_tokenizer_name":"facebook/xlm-v-base","layers":24,"pool_type":"eos","vocab_size":901629
,"width":1024},"vision_cfg":{"head_width":80,"image_size":378,"layers":32,"patch_size":14
,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip2_worldwide"]}])"},
    {"ViT-H-14-worldwide-quickgelu", R"({"embed_dim":1024,"quick_gelu":true,"text_cfg":{"context_length":77,"eos_id":2,"heads":16
,"hf_tokenizer_name":"facebook/xlm-v-base","layers":24,"pool_type":"eos","vocab_size":901629
,"width":1024},"vision_cfg":{"head_width":80,"image_size":224,"layers":32,"patch_size":14
,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip2_worldwide"]}])"},
    {"ViT-H-16", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"head_width":80,"image_size":224,"layers":32,"patch_size":16
,"width":1280}})",
     R"([])"},
    {"ViT-L-14", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":224,"layers":24,"patch_size":14,"width":1024}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","metaclip_400m"
,"metaclip_fullcc","dfn2b"]},{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073]
,"quick_gelu":false,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["laion400m_e31","laion400m_e32","datacomp_xl_s13b_b90k","commonpool_xl_clip_s13b_b90k"
,"commonpool_xl_laion_s13b_b90k","commonpool_xl_s13b_b90k","dfn2b_s39b"]},{"interpolation":"bicubic"
,"mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"shortest","std":[0.5,0.5,0.5]
,"tags":["laion2b_s32b_b82k"]}])"},
    {"ViT-L-14-280", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":280,"layers":24,"patch_size":14,"width":1024}})",
     R"([])"},
    {"ViT-L-14-336", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":336,"layers":24,"patch_size":14,"width":1024}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"ViT-L-14-336-quickgelu", R"({"embed_dim":768,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":336,"layers":24,"patch_size":14
,"width":1024}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai"]}])"},
    {"ViT-L-14-CLIPA", R"({"embed_dim":768,"text_cfg":{"context_length":32,"heads":12,"hf_tokenizer_name":"bert-base-uncased"
,"layers":12,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":768},"vision_cfg":{"final_ln_after_pool":true,"image_size":224
,"layers":24,"no_ln_pre":true,"patch_size":14,"pool_type":"avg","width":1024}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["datacomp1b"]}])"},
    {"ViT-L-14-CLIPA-336", R"({"embed_dim":768,"text_cfg":{"context_length":32,"heads":12,"hf_tokenizer_name":"bert-base-uncased"
,"layers":12,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":768},"vision_cfg":{"final_ln_after_pool":true,"image_size":336
,"layers":24,"no_ln_pre":true,"patch_size":14,"pool_type":"avg","width":1024}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["datacomp1b"]}])"},
    {"ViT-L-14-quickgelu", R"({"embed_dim":768,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224,"layers":24,"patch_size":14
,"width":1024}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["openai","metaclip_400m"
,"metaclip_fullcc","dfn2b"]}])"},
    {"ViT-L-14-worldwide", R"({"embed_dim":768,"text_cfg":{"context_length":77,"eos_id":1,"heads":12
,"hf_tokenizer_name":"google/mt5-base","layers":12,"pool_type":"eos"
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":250100,"width":768}
,"vision_cfg":{"image_size":224,"layers":24,"patch_size":14,"width":1024}})",
     R"([])"},
    {"ViT-L-14-worldwide-quickgelu", R"({"embed_dim":768,"quick_gelu":true,"text_cfg":{"context_length":77,"eos_id":1,"heads":12
,"hf_tokenizer_name":"google/mt5-base","layers":12,"pool_type":"eos"
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":250100,"width":768}
,"vision_cfg":{"image_size":224,"layers":24,"patch_size":14,"width":1024}})",
     R"([])"},
    {"ViT-L-16", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":224,"layers":24,"patch_size":16,"width":1024}})",
     R"([])"},
    {"ViT-L-16-320", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":320,"layers":24,"patch_size":16,"width":1024}})",
     R"([])"},
    {"ViT-L-16-SigLIP-256", R"({"custom_text":true,"embed_dim":1024,"init_logit_bias":-10,"text_cfg":{"context_length":64
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":24,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":1024}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_large_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-L-16-SigLIP-384", R"({"custom_text":true,"embed_dim":1024,"init_logit_bias":-10,"text_cfg":{"context_length":64
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":24,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":1024}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_large_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-L-16-SigLIP2-256", R"({"custom_text":true,"embed_dim":1024,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-L-16-SigLIP2-256","layers":24,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1024}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_large_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-L-16-SigLIP2-384", R"({"custom_text":true,"embed_dim":1024,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-L-16-SigLIP2-384","layers":24,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1024}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_large_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-L-16-SigLIP2-512", R"({"custom_text":true,"embed_dim":1024,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-L-16-SigLIP2-512","layers":24,"no_causal_mask":true
,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1024}
,"vision_cfg":{"image_size":512,"timm_model_name":"vit_large_patch16_siglip_512"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-M-16", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16,"width":512}})",
     R"([])"},
    {"ViT-M-16-alt", R"({"embed_dim":384,"text_cfg":{"context_length":77,"heads":6,"layers":12,"vocab_size":49408
,"width":384},"vision_cfg":{"image_size":224,"layers":12,"ls_init_value":0.0001,"patch_size":16
,"width":512}})",
     R"([])"},
    {"ViT-M-32", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32,"width":512}})",
     R"([])"},
    {"ViT-M-32-alt", R"({"embed_dim":384,"text_cfg":{"context_length":77,"heads":6,"layers":12,"vocab_size":49408
,"width":384},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32,"width":512}})",
     R"([])"},
    {"ViT-S-16", R"({"embed_dim":384,"text_cfg":{"context_length":77,"heads":6,"layers":12,"vocab_size":49408
,"width":384},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16,"width":384}})",
     R"([])"},
    {"ViT-S-16-alt", R"({"embed_dim":256,"text_cfg":{"context_length":77,"heads":4,"layers":10,"vocab_size":49408
,"width":256},"vision_cfg":{"image_size":224,"layers":12,"patch_size":16,"width":384}})",
     R"([])"},
    {"ViT-S-32", R"({"embed_dim":384,"text_cfg":{"context_length":77,"heads":6,"layers":12,"vocab_size":49408
,"width":384},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32,"width":384}})",
     R"([])"},
    {"ViT-S-32-alt", R"({"embed_dim":256,"text_cfg":{"context_length":77,"heads":4,"layers":10,"vocab_size":49408
,"width":256},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32,"width":384}})",
     R"([])"},
    {"ViT-SO400M-14-SigLIP", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10,"text_cfg":{"context_length":16
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":1152}
,"vision_cfg":{"image_size":224,"timm_model_name":"vit_so400m_patch14_siglip_224"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-14-SigLIP-378", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10,"text_cfg":{"context_length":64
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":1152}
,"vision_cfg":{"image_size":378,"timm_model_name":"vit_so400m_patch14_siglip_378"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-14-SigLIP-384", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10,"text_cfg":{"context_length":64
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":32000,"width":1152}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_so400m_patch14_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-14-SigLIP2", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-SO400M-14-SigLIP2","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":224,"timm_model_name":"vit_so400m_patch14_siglip_224"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-14-SigLIP2-378", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-SO400M-14-SigLIP2-378","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":378,"timm_model_name":"vit_so400m_patch14_siglip_378"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-16-SigLIP-i18n-256", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10,"text_cfg":{"context_length":64
,"heads":16,"hf_tokenizer_name":"timm/ViT-B-16-SigLIP-i18n-256","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_type":"none"
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":250000,"width":1152}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_so400m_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-16-SigLIP2-256", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-SO400M-16-SigLIP2-256","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_so400m_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-16-SigLIP2-384", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-SO400M-16-SigLIP2-384","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_so400m_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-SO400M-16-SigLIP2-512", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-SO400M-16-SigLIP2-512","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":512,"timm_model_name":"vit_so400m_patch16_siglip_512"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-bigG-14", R"({"embed_dim":1280,"text_cfg":{"context_length":77,"heads":20,"layers":32,"vocab_size":49408
,"width":1280},"vision_cfg":{"head_width":104,"image_size":224,"layers":48,"mlp_ratio":4.9231
,"patch_size":14,"width":1664}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s39b_b160k"]}
,{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip_fullcc"]}])"},
    {"ViT-bigG-14-CLIPA", R"({"embed_dim":1280,"text_cfg":{"context_length":32,"heads":20,"hf_tokenizer_name":"bert-base-uncased"
,"layers":32,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":1280},"vision_cfg":{"final_ln_after_pool":true,"head_width":104
,"image_size":224,"layers":48,"mlp_ratio":4.9231,"no_ln_pre":true,"patch_size":14,"pool_type":"avg"
,"width":1664}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["datacomp1b"]}])"},
    {"ViT-bigG-14-CLIPA-336", R"({"embed_dim":1280,"text_cfg":{"context_length":32,"heads":20,"hf_tokenizer_name":"bert-base-uncased"
,"layers":32,"no_causal_mask":true,"pool_type":"last","tokenizer_kwargs":{"strip_sep_token":true}
,"vocab_size":32000,"width":1280},"vision_cfg":{"final_ln_after_pool":true,"head_width":104
,"image_size":336,"layers":48,"mlp_ratio":4.9231,"no_ln_pre":true,"patch_size":14,"pool_type":"avg"
,"width":1664}})",
     R"([{"interpolation":"bilinear","mean":[0.485,0.456,0.406],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.229,0.224,0.225],"tags":["datacomp1b"]}])"},
    {"ViT-bigG-14-quickgelu", R"({"embed_dim":1280,"quick_gelu":true,"text_cfg":{"context_length":77,"heads":20,"layers":32
,"vocab_size":49408,"width":1280},"vision_cfg":{"head_width":104,"image_size":224,"layers":48
,"mlp_ratio":4.9231,"patch_size":14,"width":1664}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":true
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip_fullcc"]}])"},
    {"ViT-bigG-14-worldwide", R"({"embed_dim":1280,"text_cfg":{"context_length":77,"eos_id":2,"heads":20
,"hf_tokenizer_name":"facebook/xlm-v-base","layers":32,"pool_type":"eos","vocab_size":901629
,"width":1280},"vision_cfg":{"head_width":104,"image_size":224,"layers":48,"mlp_ratio":4.9231
,"patch_size":14,"width":1664}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip2_worldwide"]}])"},
    {"ViT-bigG-14-worldwide-378", R"({"embed_dim":1280,"text_cfg":{"context_length":77,"eos_id":2,"heads":20
,"hf_tokenizer_name":"facebook/xlm-v-base","layers":32,"pool_type":"eos","vocab_size":901629
,"width":1280},"vision_cfg":{"head_width":104,"image_size":378,"layers":48,"mlp_ratio":4.9231
,"patch_size":14,"width":1664}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"squash","std":[0.26862954,0.26130258,0.27577711],"tags":["metaclip2_worldwide"]}])"},
    {"ViT-e-14", R"({"embed_dim":1280,"text_cfg":{"context_length":77,"heads":20,"layers":36,"vocab_size":49408
,"width":1280},"vision_cfg":{"head_width":112,"image_size":224,"layers":56,"mlp_ratio":8.5715
,"patch_size":14,"width":1792}})",
     R"([])"},
    {"ViT-g-14", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"head_width":88,"image_size":224,"layers":40,"mlp_ratio":4.3637
,"patch_size":14,"width":1408}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s12b_b42k"
,"laion2b_s34b_b88k"]}])"},
    {"ViT-gopt-16-SigLIP2-256", R"({"custom_text":true,"embed_dim":1536,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-gopt-16-SigLIP2-256","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":256,"timm_model_name":"vit_giantopt_patch16_siglip_256"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViT-gopt-16-SigLIP2-384", R"({"custom_text":true,"embed_dim":1536,"init_logit_bias":-10
,"text_cfg":{"act_kwargs":{"approximate":"tanh"},"context_length":64,"heads":16
,"hf_tokenizer_name":"timm/ViT-gopt-16-SigLIP2-384","layers":27,"mlp_ratio":3.7362
,"no_causal_mask":true,"norm_kwargs":{"eps":1e-06},"pool_type":"last","proj_bias":true
,"tokenizer_kwargs":{"clean":"canonicalize"},"vocab_size":256000,"width":1152}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_giantopt_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["webli"]}])"},
    {"ViTamin-B", R"({"custom_text":true,"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12
,"vocab_size":49408,"width":512},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_base_224","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-B-LTT", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_base_224","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_large_224","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L-256", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":256,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_large_256","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L-336", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":336,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_large_336","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L-384", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":384,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_large_384","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L2", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":224,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_large2_224","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L2-256", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":256,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_large2_256","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L2-336", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":336,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_large2_336","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-L2-384", R"({"custom_text":true,"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24
,"vocab_size":49408,"width":1024},"vision_cfg":{"image_size":384,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_large2_384","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-S", R"({"custom_text":true,"embed_dim":384,"text_cfg":{"context_length":77,"heads":6,"layers":12
,"vocab_size":49408,"width":384},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_small_224","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-S-LTT", R"({"custom_text":true,"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12
,"vocab_size":49408,"width":768},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"vitamin_small_224","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-XL-256", R"({"custom_text":true,"embed_dim":1152,"text_cfg":{"context_length":77,"heads":16,"layers":27
,"vocab_size":49408,"width":1152},"vision_cfg":{"image_size":256,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_xlarge_256","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-XL-336", R"({"custom_text":true,"embed_dim":1152,"text_cfg":{"context_length":77,"heads":16,"layers":27
,"vocab_size":49408,"width":1152},"vision_cfg":{"image_size":336,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_xlarge_336","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"ViTamin-XL-384", R"({"custom_text":true,"embed_dim":1152,"text_cfg":{"context_length":77,"heads":16,"layers":27
,"vocab_size":49408,"width":1152},"vision_cfg":{"image_size":256,"timm_drop":0.0
,"timm_drop_path":0.1,"timm_model_name":"vitamin_xlarge_384","timm_model_pretrained":false
,"timm_pool":"","timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["datacomp1b"]}])"},
    {"coca_ViT-B-32", R"({"custom_text":true,"embed_dim":512,"multimodal_cfg":{"attn_pooler_heads":8,"context_length":76
,"heads":8,"layers":12,"vocab_size":49408,"width":512},"text_cfg":{"context_length":76
,"embed_cls":true,"heads":8,"layers":12,"output_tokens":true,"vocab_size":49408,"width":512}
,"vision_cfg":{"attentional_pool":true,"attn_pooler_heads":8,"image_size":224,"layers":12
,"output_tokens":true,"patch_size":32,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s13b_b90k"
,"mscoco_finetuned_laion2b_s13b_b90k"]}])"},
    {"coca_ViT-L-14", R"({"custom_text":true,"embed_dim":768,"multimodal_cfg":{"attn_pooler_heads":12,"context_length":76
,"heads":12,"layers":12,"vocab_size":49408,"width":768},"text_cfg":{"context_length":76
,"embed_cls":true,"heads":12,"layers":12,"output_tokens":true,"vocab_size":49408,"width":768}
,"vision_cfg":{"attentional_pool":true,"attn_pooler_heads":8,"image_size":224,"layers":24
,"output_tokens":true,"patch_size":14,"width":1024}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s13b_b90k"
,"mscoco_finetuned_laion2b_s13b_b90k"]}])"},
    {"coca_base", R"({"custom_text":true,"embed_dim":512,"multimodal_cfg":{"attn_pooler_heads":8,"context_length":76
,"dim_head":64,"heads":12,"layers":12,"mlp_ratio":4,"n_queries":256,"vocab_size":64000,"width":768}
,"text_cfg":{"context_length":76,"embed_cls":true,"heads":12,"layers":12,"output_tokens":true
,"vocab_size":64000,"width":768},"vision_cfg":{"image_size":288,"layers":12,"output_tokens":true
,"patch_size":18,"width":768}})",
     R"([])"},
    {"coca_roberta-ViT-B-32", R"({"custom_text":true,"embed_dim":512,"multimodal_cfg":{"context_length":76,"heads":8,"layers":12
,"width":768},"text_cfg":{"hf_model_name":"roberta-base","hf_proj_type":"linear"
,"hf_tokenizer_name":"roberta-base","output_tokens":true,"width":768},"vision_cfg":{"image_size":224
,"layers":12,"output_tokens":true,"patch_size":32,"width":768}})",
     R"([])"},
    {"convnext_base", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_base","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion400m_s13b_b51k"]}])"},
    {"convnext_base_w", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":256,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_base","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s13b_b82k"
,"laion2b_s13b_b82k_augreg","laion_aesthetic_s13b_b82k"]}])"},
    {"convnext_base_w_320", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":320,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_base","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["laion_aesthetic_s13b_b82k","laion_aesthetic_s13b_b82k_augreg"]}])"},
    {"convnext_large", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":12,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_large","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([])"},
    {"convnext_large_d", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":16,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":256,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_large","timm_model_pretrained":false,"timm_pool":"","timm_proj":"mlp"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["laion2b_s26b_b102k_augreg"]}])"},
    {"convnext_large_d_320", R"({"embed_dim":768,"text_cfg":{"context_length":77,"heads":12,"layers":16,"vocab_size":49408
,"width":768},"vision_cfg":{"image_size":320,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_large","timm_model_pretrained":false,"timm_pool":"","timm_proj":"mlp"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s29b_b131k_ft"
,"laion2b_s29b_b131k_ft_soup"]}])"},
    {"convnext_small", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_small","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([])"},
    {"convnext_tiny", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_tiny","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([])"},
    {"convnext_xlarge", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":20,"vocab_size":49408
,"width":1024},"vision_cfg":{"image_size":256,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_xlarge","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([])"},
    {"convnext_xxlarge", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"image_size":256,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_xxlarge","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["laion2b_s34b_b82k_augreg","laion2b_s34b_b82k_augreg_rewind"
,"laion2b_s34b_b82k_augreg_soup"]}])"},
    {"convnext_xxlarge_320", R"({"embed_dim":1024,"text_cfg":{"context_length":77,"heads":16,"layers":24,"vocab_size":49408
,"width":1024},"vision_cfg":{"image_size":320,"timm_drop":0.0,"timm_drop_path":0.1
,"timm_model_name":"convnext_xxlarge","timm_model_pretrained":false,"timm_pool":""
,"timm_proj":"linear"}})",
     R"([])"},
    {"mt5-base-ViT-B-32", R"({"embed_dim":512,"text_cfg":{"hf_model_name":"google/mt5-base","hf_pooler_type":"mean_pooler"
,"hf_tokenizer_name":"google/mt5-base"},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32
,"width":768}})",
     R"([])"},
    {"mt5-xl-ViT-H-14", R"({"embed_dim":1024,"text_cfg":{"hf_model_name":"google/mt5-xl","hf_pooler_type":"mean_pooler"
,"hf_tokenizer_name":"google/mt5-xl"},"vision_cfg":{"head_width":80,"image_size":224,"layers":32
,"patch_size":14,"width":1280}})",
     R"([])"},
    {"nllb-clip-base", R"({"embed_dim":512,"text_cfg":{"hf_model_name":"facebook/nllb-200-distilled-600M"
,"hf_pooler_type":"cls_pooler","hf_proj_type":"linear"
,"hf_tokenizer_name":"facebook/nllb-200-distilled-600M"},"vision_cfg":{"image_size":224,"layers":12
,"patch_size":32,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["v1"]}])"},
    {"nllb-clip-base-siglip", R"({"custom_text":true,"embed_dim":768,"init_logit_bias":-10
,"text_cfg":{"hf_model_name":"facebook/nllb-200-distilled-600M","hf_pooler_type":"cls_pooler"
,"hf_proj_type":"linear","hf_tokenizer_name":"facebook/nllb-200-distilled-600M"}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_base_patch16_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["v1","mrl"]}])"},
    {"nllb-clip-large", R"({"embed_dim":1024,"text_cfg":{"hf_model_name":"facebook/nllb-200-distilled-1.3B"
,"hf_pooler_type":"cls_pooler","hf_proj_type":"linear"
,"hf_tokenizer_name":"facebook/nllb-200-distilled-1.3B"},"vision_cfg":{"head_width":80
,"image_size":224,"layers":32,"patch_size":14,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["v1"]}])"},
    {"nllb-clip-large-siglip", R"({"custom_text":true,"embed_dim":1152,"init_logit_bias":-10
,"text_cfg":{"hf_model_name":"facebook/nllb-200-distilled-1.3B","hf_pooler_type":"cls_pooler"
,"hf_proj_type":"linear","hf_tokenizer_name":"facebook/nllb-200-distilled-1.3B"}
,"vision_cfg":{"image_size":384,"timm_model_name":"vit_so400m_patch14_siglip_384"
,"timm_model_pretrained":false,"timm_pool":"map","timm_proj":"none"}})",
     R"([{"interpolation":"bicubic","mean":[0.5,0.5,0.5],"quick_gelu":false,"resize_mode":"squash"
,"std":[0.5,0.5,0.5],"tags":["v1","mrl"]}])"},
    {"roberta-ViT-B-32", R"({"embed_dim":512,"quick_gelu":true,"text_cfg":{"hf_model_name":"roberta-base"
,"hf_pooler_type":"mean_pooler","hf_tokenizer_name":"roberta-base"},"vision_cfg":{"image_size":224
,"layers":12,"patch_size":32,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion2b_s12b_b32k"]}])"},
    {"swin_base_patch4_window7_224", R"({"embed_dim":640,"text_cfg":{"context_length":77,"heads":10,"layers":12,"vocab_size":49408
,"width":640},"vision_cfg":{"image_size":224,"timm_model_name":"swin_base_patch4_window7_224"
,"timm_model_pretrained":false,"timm_pool":"","timm_proj":"linear"}})",
     R"([])"},
    {"vit_medium_patch16_gap_256", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":256,"timm_model_name":"vit_medium_patch16_gap_256"
,"timm_model_pretrained":false,"timm_pool":"","timm_proj":"linear"}})",
     R"([])"},
    {"vit_relpos_medium_patch16_cls_224", R"({"embed_dim":512,"text_cfg":{"context_length":77,"heads":8,"layers":12,"vocab_size":49408
,"width":512},"vision_cfg":{"image_size":224,"timm_model_name":"vit_relpos_medium_patch16_cls_224"
,"timm_model_pretrained":false,"timm_pool":"","timm_proj":"linear"}})",
     R"([])"},
    {"xlm-roberta-base-ViT-B-32", R"({"embed_dim":512,"text_cfg":{"hf_model_name":"xlm-roberta-base","hf_pooler_type":"mean_pooler"
,"hf_tokenizer_name":"xlm-roberta-base"},"vision_cfg":{"image_size":224,"layers":12,"patch_size":32
,"width":768}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711],"tags":["laion5b_s13b_b90k"]}])"},
    {"xlm-roberta-large-ViT-H-14", R"({"embed_dim":1024,"text_cfg":{"hf_model_name":"xlm-roberta-large","hf_pooler_type":"mean_pooler"
,"hf_tokenizer_name":"xlm-roberta-large"},"vision_cfg":{"head_width":80,"image_size":224,"layers":32
,"patch_size":14,"width":1280}})",
     R"([{"interpolation":"bicubic","mean":[0.48145466,0.4578275,0.40821073],"quick_gelu":false
,"resize_mode":"shortest","std":[0.26862954,0.26130258,0.27577711]
,"tags":["frozen_laion5b_s13b_b90k"]}])"},
};

}  // namespace

std::span<const ArchEntry> arch_table() noexcept { return kArchs; }

}  // namespace simdclip

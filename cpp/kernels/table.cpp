#include "kernels/table.hpp"

namespace penlight::PENLIGHT_LEVEL {

extern const KernelTable kTable;
const KernelTable kTable{
    .checksum = &kChecksum,
    .cross_entropy = &kCrossEntropy,
    .embedding = &kEmbedding,
    .matmul = &kMatmul,
    .normalization = &kNormalization,
    .optimizer = &kOptimizer,
    .pointwise = &kPointwise,
    .random = &kRandom,
    .recurrent = &kRecurrent,
    .softmax = &kSoftmax,
    .sums = &kSums,
    .text = &kText,
    .windows = &kWindows,
    .word2vec = &kWord2Vec,
};

}  // namespace penlight::PENLIGHT_LEVEL

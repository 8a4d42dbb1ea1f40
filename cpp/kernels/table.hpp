// The kernels of one instruction level, and the choice among levels.
//
// kernels/*.cpp is compiled once per level into the namespace PENLIGHT_LEVEL. Everything there is
// anonymous except a constant of pointers per family, which the level's KernelTable gathers.
#pragma once

#include <string>
#include <vector>

#include "kernels/checksum.hpp"
#include "kernels/cross_entropy.hpp"
#include "kernels/embedding.hpp"
#include "kernels/matmul.hpp"
#include "kernels/normalization.hpp"
#include "kernels/optimizer.hpp"
#include "kernels/pointwise.hpp"
#include "kernels/random.hpp"
#include "kernels/recurrent.hpp"
#include "kernels/softmax.hpp"
#include "kernels/sums.hpp"
#include "kernels/text.hpp"
#include "kernels/windows.hpp"
#include "kernels/word2vec.hpp"

namespace penlight {

struct KernelTable {
  const ChecksumKernels* checksum;
  const Both<CrossEntropyKernels>* cross_entropy;
  const Both<EmbeddingKernels>* embedding;
  const Both<MatmulKernels>* matmul;
  const Both<NormalizationKernels>* normalization;
  const Both<OptimizerKernels>* optimizer;
  const Both<PointwiseKernels>* pointwise;
  const RandomKernels* random;
  const Both<RecurrentKernels>* recurrent;
  const Both<SoftmaxKernels>* softmax;
  const Both<SumsKernels>* sums;
  const TextKernels* text;
  const Both<WindowsKernels>* windows;
  const Word2VecKernels* word2vec;
};

// The table in use.
const KernelTable& kernels();

// Levels this machine can run, narrowest first: "default", "avx2", "avx512". Empty: it can run
// none.
std::vector<std::string> cpu_capabilities();
std::string cpu_capability();

// Throws std::invalid_argument for a level that is unknown or that this machine lacks.
void force_cpu_capability(const std::string& name);

}  // namespace penlight

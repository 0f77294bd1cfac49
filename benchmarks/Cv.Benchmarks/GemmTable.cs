using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Benchmarks;

/// <summary>Gives a product of f32 matrices, m by k times k by n; either side may lie transposed.</summary>
sealed record Product(int M, int K, int N, bool TransposeA = false, bool TransposeB = false)
{
    /// <summary>Counts multiplications and additions.</summary>
    public double Flops => 2.0 * M * K * N;

    /// <summary>Counts the bytes of all three matrices.</summary>
    public double Bytes => 4.0 * ((double)M * K + (double)K * N + (double)M * N);

    /// <summary>Prints rows, depth and columns, as kernels' names do.</summary>
    public override string ToString() => $"{M}x{K}x{N}" + (TransposeA ? " At" : "") + (TransposeB ? " Bt" : "");
}

/// <summary>Times products of matrices against OpenBLAS.</summary>
/// <remarks>
/// A graph of several products, each of matrices of its own, is one call, and as many calls of OpenBLAS its peer's: so each product of a small size costs what
/// it costs inside a step, and not the call around it. All of them fit a first-level cache of 32 KiB, or there is one.
/// </remarks>
static class GemmTable
{
    const int MostProducts = 16;
    const double CacheBytes = 24_000;
    const double Tolerance = 1e-4;

    /// <summary>OpenBLAS's threads spin for some milliseconds after their work, and would take the processor from ours.</summary>
    static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(60);

    /// <summary>Lists squares, and the products of the workloads' layers with those of their gradients, by weights and by input.</summary>
    static IEnumerable<Product> Products =>
        [
            .. ((int[])[16, 32, 48, 64, 256, 512, 1024, 2048]).Select(n => new Product(n, n, n)),
            .. ((int M, int K, int N)[])[(128, 784, 256), (256, 3072, 10)] is var layers
                ? layers.SelectMany(l =>
                    (Product[])[new(l.M, l.K, l.N), new(l.K, l.M, l.N, TransposeA: true), new(l.M, l.N, l.K, TransposeB: true)]
                )
                : [],
        ];

    public static IEnumerable<Comparison> Run(CompileOptions options, Pace pace)
    {
        var blas = OpenBlas.Load();
        if (blas is null)
            Console.Error.WriteLine("gemm: OpenBLAS is missing, so there is nothing to compare with: apt-get install libopenblas0-pthread");
        blas?.SetThreads(options.Threads);
        return Products.Where(p => !pace.IsQuick || p.Flops < 1e8).Select(p => Compare(p, options, pace, blas));
    }

    static Comparison Compare(Product product, CompileOptions options, Pace pace, OpenBlas? blas)
    {
        var (m, k, n, transposeA, transposeB) = product;
        int count = (int)Math.Clamp(CacheBytes / product.Bytes, 1, MostProducts);
        var random = new Random(1);
        Shape shapeA = transposeA ? [k, m] : [m, k],
            shapeB = transposeB ? [n, k] : [k, n];
        Binding[] inputs =
        [
            .. Enumerable
                .Range(0, count)
                .SelectMany(i => (Binding[])[new($"a{i}", Uniform(shapeA, random)), new($"b{i}", Uniform(shapeB, random))]),
        ];
        var function = Cv.Compiler.Compile.Function(
            new Graph([
                .. Enumerable
                    .Range(0, count)
                    .Select(i =>
                    {
                        Expr a = Expr.Input($"a{i}", shapeA),
                            b = Expr.Input($"b{i}", shapeB);
                        return (transposeA ? a.T() : a).MatMul(transposeB ? b.T() : b);
                    }),
            ]),
            options
        );
        Tensor[] results = [.. function.Call(inputs)];
        Tensor[] theirs = [.. results.Select(r => Tensor.Zeros(r.Shape))];
        if (blas is not null)
        {
            Peer();
            Check(product, results, theirs);
        }
        return Duel.Run(
            "gemm",
            product.ToString(),
            options.Threads,
            product.Flops,
            pace,
            seconds => Duel.Time(() => function.CallInto(results, inputs), seconds) / count,
            blas is null ? null : (blas.Name, seconds => Time(seconds) / count)
        );

        void Peer()
        {
            for (int i = 0; i < count; i++)
                blas!.Multiply(
                    inputs[2 * i].Value.Address,
                    inputs[2 * i + 1].Value.Address,
                    theirs[i].Address,
                    m,
                    k,
                    n,
                    transposeA,
                    transposeB
                );
        }

        double Time(double seconds)
        {
            double time = Duel.Time(Peer, seconds);
            if (options.Threads > 1)
                Thread.Sleep(Rest);
            return time;
        }
    }

    static Tensor Uniform(Shape shape, Random random)
    {
        var tensor = Tensor.Zeros(shape);
        foreach (ref float value in tensor.AsSpan<float>())
            value = random.NextSingle() - 0.5f;
        return tensor;
    }

    static void Check(Product product, IReadOnlyList<Tensor> ours, Tensor[] theirs)
    {
        for (int i = 0; i < theirs.Length; i++)
        {
            Span<float> a = ours[i].AsSpan<float>(),
                b = theirs[i].AsSpan<float>();
            for (int j = 0; j < a.Length; j++)
                if (!(Math.Abs(a[j] - b[j]) <= Tolerance * Math.Sqrt(product.K)))
                    throw new InvalidOperationException(
                        $"gemm {product}: both products must agree; got {a[j]} and {b[j]} at {j} of product {i}."
                    );
        }
    }
}

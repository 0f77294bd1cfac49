using System.Linq.Expressions;
using Cv.Compiler;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;

namespace Cv.Benchmarks;

/// <summary>
/// Measures how many multiplications and additions of f32 the machine does a second at most: chains of fused multiply-adds on registers alone, in code of the
/// kind that kernels are made of, on the threads that run them.
/// </summary>
sealed class FmaPeak
{
    /// <summary>Counts the chains: a processor that starts two multiply-adds a cycle, and waits four for each, needs 8; 12 leave registers for the factors.</summary>
    const int Chains = 12;
    const long Rounds = 10_000;
    const long UnitsPerThread = 32;

    readonly Workers _workers;
    readonly Kernel _kernel;
    readonly Tensor _sums;
    readonly long _units;
    readonly double _flops;

    /// <summary>Makes the kernel.</summary>
    public FmaPeak(CompileOptions options)
    {
        var lanes = new Lanes(options.Bits, DType.F32);
        _workers = Workers.Of(options.Threads);
        _sums = Tensor.Zeros([options.Threads * lanes.Count]);
        _units = UnitsPerThread * options.Threads;
        _flops = 2.0 * Chains * lanes.Count * Rounds * _units;
        _kernel = Write(lanes, _sums.ByteSize).Compile();
    }

    /// <summary>Gives billions a second, the median over so many seconds.</summary>
    public double Gigaflops(double seconds) => _flops / Duel.Time(() => _workers.Run(_kernel, [_sums.Address], _units), seconds) / 1e6;

    static Expression<Kernel> Write(Lanes lanes, long bytes)
    {
        var code = new Code();
        var sums = code.Address(new Slot.Temporary(nameof(FmaPeak), "sums", bytes), write: true);
        ParameterExpression unit = code.Local(typeof(long), "unit"),
            round = code.Local(typeof(long), "round"),
            factor = code.Local(lanes.Vector, "factor");
        ParameterExpression[] chains = [.. Enumerable.Range(0, Chains).Select(i => code.Local(lanes.Vector, $"chain{i}"))];
        // x -> 0.5 x + x0 tends to 2 x0: never subnormal, never infinite
        var addend = code.Local(lanes.Vector, "addend");
        var body = Block(
            Assign(factor, lanes.Constant(0.5, DType.F32)),
            Assign(addend, lanes.Constant(1, DType.F32)),
            Block(chains.Select((c, i) => Assign(c, lanes.Constant(i, DType.F32)))),
            Assign(unit, code.From),
            Code.While(
                unit,
                code.To,
                1,
                Assign(round, Constant(0L)),
                Code.While(round, Constant(Rounds), 1, chains.Select(c => Assign(c, lanes.Call("FusedMultiplyAdd", c, factor, addend))))
            ),
            lanes.StoreRaw(
                DType.F32,
                chains.Aggregate((Expression)factor, (sum, c) => lanes.Call("Add", sum, c)),
                sums,
                Multiply(code.Worker, Constant((long)lanes.Count))
            )
        );
        return code.Close("peak", body, 1, 1).Tree!;
    }
}

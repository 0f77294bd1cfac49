using Cv.Dsl;
using Cv.Testing;

namespace Cv.Examples.Gates;

/// <summary>Tests gates and ops of one's own, as a test project would: each line throws if a derivative is wrong.</summary>
static class Checks
{
    public static void Run()
    {
        var swish = Gate.Define("swish", x => x / (1 + MathF.Exp(-x)));
        Check.Gate(swish); // in every way there is, alone and within random graphs
        Check.Op(new Softsign()); // an op, on its samples

        var squash = Gate.Define("squash", x => x / (1 + MathF.Abs(x)), (x, y) => (1 - MathF.Abs(y)) * (1 - MathF.Abs(y)));
        Console.WriteLine(Prove.Derivative(squash)); // proved: on 2 branches, the derivative of squash is that of its formula ...

        Expr x = Expr.Input("x", ["N", 4]),
            labels = Expr.Input("labels", ["N"], DType.I32);
        var report = Check.Gradient(x.Apply(swish).SmoothedCrossEntropy(labels), seed: 1); // a loss, by differences
        Console.WriteLine(report);
    }
}

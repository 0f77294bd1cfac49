using Cv.Dsl;

namespace Cv.Examples.Gates;

static partial class OwnVerbs
{
    /// <summary>Adds to each row what a dense layer and a ReLU make of it: x + relu(x W + b), [N, d] to [N, d].</summary>
    /// <remarks>After He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015).</remarks>
    public static Expr Residual(this Expr x) => x + x.Dense(x.Shape[1].Value).Relu();

    /// <inheritdoc cref="Residual(Expr)"/>
    public static Model Residual(this Model model) => model.Then(Residual);
}

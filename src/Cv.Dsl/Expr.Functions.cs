namespace Cv.Dsl;

/// <content>The static forms of some verbs. F#'s own exp, log, sqrt, abs, tanh, sin, cos and ** look for these names, and so work on nodes.</content>
public sealed partial class Expr
{
    /// <inheritdoc cref="Dsl.Exp"/>
    public static Expr Exp(Expr x) => Verbs.Exp(x);

    /// <inheritdoc cref="Dsl.Log"/>
    public static Expr Log(Expr x) => Verbs.Log(x);

    /// <inheritdoc cref="Dsl.Sqrt"/>
    public static Expr Sqrt(Expr x) => Verbs.Sqrt(x);

    /// <inheritdoc cref="Dsl.Abs"/>
    public static Expr Abs(Expr x) => Verbs.Abs(x);

    /// <inheritdoc cref="Dsl.Tanh"/>
    public static Expr Tanh(Expr x) => Verbs.Tanh(x);

    /// <inheritdoc cref="Dsl.Sin"/>
    public static Expr Sin(Expr x) => Verbs.Sin(x);

    /// <inheritdoc cref="Dsl.Cos"/>
    public static Expr Cos(Expr x) => Verbs.Cos(x);

    /// <inheritdoc cref="Dsl.Pow"/>
    public static Expr Pow(Expr a, Expr b) => Verbs.Pow(a, b);

    /// <inheritdoc cref="Dsl.Pow"/>
    public static Expr Pow(Expr a, double b) => Verbs.Pow(a, b);

    /// <inheritdoc cref="Dsl.Pow"/>
    public static Expr Pow(Expr a, float b) => Verbs.Pow(a, a.Like(b));
}

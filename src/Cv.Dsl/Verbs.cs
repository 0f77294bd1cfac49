namespace Cv.Dsl;

/// <summary>Holds the fluent verbs: each op's stands at the end of the op's own file.</summary>
/// <example><code>Expr loss = x.MatMul(w).Tanh().Pow(2).Mean();</code></example>
public static partial class Verbs;

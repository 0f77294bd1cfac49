namespace Cv.Testing;

/// <summary>Judges a gradient, from the best to the worst.</summary>
public enum Verdict
{
    /// <summary>The derivative is that of the formula, for all reals, by algebra; and every sample is right too.</summary>
    Proved,

    /// <summary>The gradient is right, as far as the numbers can tell.</summary>
    Pass,

    /// <summary>The numbers cannot tell: a jump, a value that is not finite, or a difference too coarse to judge by.</summary>
    Inconclusive,

    /// <summary>The gradient is wrong: it is further from the truth than the truth is uncertain.</summary>
    Fail,
}

using System.Linq.Expressions;

namespace Cv.Compiler;

/// <summary>Writes operators on vectors, by the names that <see cref="Expression"/> has for them; <see cref="Methods"/> remembers their methods.</summary>
static class VectorOperators
{
    public static Expression Add(Expression a, Expression b) => Methods.Binary(ExpressionType.Add, a, b);

    public static Expression Subtract(Expression a, Expression b) => Methods.Binary(ExpressionType.Subtract, a, b);

    public static Expression Multiply(Expression a, Expression b) => Methods.Binary(ExpressionType.Multiply, a, b);

    public static Expression Divide(Expression a, Expression b) => Methods.Binary(ExpressionType.Divide, a, b);

    public static Expression And(Expression a, Expression b) => Methods.Binary(ExpressionType.And, a, b);

    public static Expression Or(Expression a, Expression b) => Methods.Binary(ExpressionType.Or, a, b);

    public static Expression ExclusiveOr(Expression a, Expression b) => Methods.Binary(ExpressionType.ExclusiveOr, a, b);

    public static Expression Negate(Expression a) => Expression.Negate(a);

    public static Expression OnesComplement(Expression a) => Expression.OnesComplement(a);
}

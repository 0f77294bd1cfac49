using System.Globalization;
using System.Linq.Expressions;
using System.Text;

namespace Cv.Compiler;

/// <summary>Prints an expression tree as C# that a person can read: loops as while, calls by name, locals declared where first set.</summary>
static class CSharpText
{
    public static string Of(LambdaExpression lambda)
    {
        var text = new Writer();
        text.Line($"void Kernel({string.Join(", ", lambda.Parameters.Select(p => $"{TypeName(p.Type)} {p.Name}"))})");
        text.Statement(lambda.Body is BlockExpression ? lambda.Body : Expression.Block(lambda.Body));
        return text.ToString();
    }

    static string TypeName(Type type)
    {
        if (type == typeof(float))
            return "float";
        if (type == typeof(double))
            return "double";
        if (type == typeof(long))
            return "long";
        if (type == typeof(int))
            return "int";
        if (type == typeof(byte))
            return "byte";
        if (type.IsArray)
            return TypeName(type.GetElementType()!) + "[]";
        return type.IsGenericType
            ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(TypeName))}>"
            : type.Name;
    }

    sealed class Writer
    {
        readonly StringBuilder _text = new();
        readonly Dictionary<ParameterExpression, string> _names = [];
        readonly HashSet<ParameterExpression> _declared = [];
        readonly HashSet<string> _used = [];
        int _indent;

        public override string ToString() => _text.ToString();

        public void Line(string line) => _text.Append(' ', 4 * _indent).Append(line).Append('\n');

        public void Statement(Expression e)
        {
            switch (e)
            {
                case BlockExpression block:
                    Line("{");
                    _indent++;
                    foreach (var line in block.Expressions)
                        if (line is BlockExpression inner && inner.Variables.Count == 0)
                            foreach (var nested in inner.Expressions)
                                Statement(nested);
                        else
                            Statement(line);
                    _indent--;
                    Line("}");
                    break;
                case LoopExpression { Body: ConditionalExpression { IfTrue: var body } loop }:
                    Line($"while ({Text(loop.Test)})");
                    Statement(body is BlockExpression ? body : Expression.Block(body));
                    break;
                case ConditionalExpression c when c.Type == typeof(void):
                    Line($"if ({Text(c.Test)})");
                    Statement(c.IfTrue is BlockExpression ? c.IfTrue : Expression.Block(c.IfTrue));
                    if (c.IfFalse is not DefaultExpression)
                    {
                        Line("else");
                        Statement(c.IfFalse is BlockExpression ? c.IfFalse : Expression.Block(c.IfFalse));
                    }
                    break;
                case DefaultExpression:
                    break;
                case BinaryExpression { NodeType: ExpressionType.Assign, Left: ParameterExpression p } assign when _declared.Add(p):
                    string value = Text(assign.Right);
                    Line($"{TypeName(p.Type)} {Name(p)} = {value};");
                    break;
                default:
                    Line(Text(e) + ";");
                    break;
            }
        }

        string Name(ParameterExpression p)
        {
            if (_names.TryGetValue(p, out string? name))
                return name;
            string stem = new([.. (p.Name ?? "t").Where(char.IsLetterOrDigit)]);
            name = stem;
            for (int i = 2; !_used.Add(name); i++)
                name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{i}");
            return _names[p] = name;
        }

        string Text(Expression e) =>
            e switch
            {
                ParameterExpression p => Name(p),
                ConstantExpression { Value: null } => "null",
                ConstantExpression { Value: Delegate d } => d.Method.Name,
                ConstantExpression { Value: float f } => f.ToString("R", CultureInfo.InvariantCulture) + "f",
                ConstantExpression c => string.Create(CultureInfo.InvariantCulture, $"{c.Value}"),
                MemberExpression m => $"{TypeName(m.Member.DeclaringType!)}.{m.Member.Name}",
                MethodCallExpression m => Call(m),
                UnaryExpression { NodeType: ExpressionType.Convert } u => $"({TypeName(u.Type)}){Text(u.Operand)}",
                UnaryExpression { NodeType: ExpressionType.Negate } u => $"-{Text(u.Operand)}",
                UnaryExpression u => $"~{Text(u.Operand)}",
                BinaryExpression { NodeType: ExpressionType.ArrayIndex } b => $"{Text(b.Left)}[{Text(b.Right)}]",
                BinaryExpression { NodeType: ExpressionType.Assign } b => $"{Text(b.Left)} = {Text(b.Right)}",
                BinaryExpression b => $"({Text(b.Left)} {Sign(b.NodeType)} {Text(b.Right)})",
                ConditionalExpression c => $"({Text(c.Test)} ? {Text(c.IfTrue)} : {Text(c.IfFalse)})",
                BlockExpression block => Hoist(block),
                _ => e.ToString(),
            };

        /// <summary>Writes a block that stands as a value: its assignments first, then its last line in place.</summary>
        string Hoist(BlockExpression block)
        {
            for (int i = 0; i < block.Expressions.Count - 1; i++)
                Statement(block.Expressions[i]);
            return Text(block.Expressions[^1]);
        }

        string Call(MethodCallExpression m)
        {
            string types =
                m.Method.IsGenericMethod && m.Method.DeclaringType == typeof(Runtime.VectorMemory)
                    ? $"<{string.Join(", ", m.Method.GetGenericArguments().Select(TypeName))}>"
                    : "";
            return $"{TypeName(m.Method.DeclaringType!)}.{m.Method.Name}{types}({string.Join(", ", m.Arguments.Select(Text))})";
        }

        static string Sign(ExpressionType kind) =>
            kind switch
            {
                ExpressionType.Add => "+",
                ExpressionType.Subtract => "-",
                ExpressionType.Multiply => "*",
                ExpressionType.Divide => "/",
                ExpressionType.Modulo => "%",
                ExpressionType.LessThan => "<",
                ExpressionType.LessThanOrEqual => "<=",
                ExpressionType.GreaterThan => ">",
                ExpressionType.GreaterThanOrEqual => ">=",
                ExpressionType.Equal => "==",
                ExpressionType.NotEqual => "!=",
                ExpressionType.And or ExpressionType.AndAlso => "&",
                ExpressionType.Or or ExpressionType.OrElse => "|",
                _ => kind.ToString(),
            };
    }
}

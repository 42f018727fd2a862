"""Every sentence of the HTTP face, in Chinese as the documents have them (CONTRACT.md 3.4, 3.10)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

REGISTERED: Final = "注册成功"
LOGGED_IN: Final = "登录成功"
LOGGED_OUT: Final = "登出成功"
CHANGED: Final = "操作成功"
FOUND: Final = "查询成功"
UPLOADED: Final = "上传成功"

LOGIN_FAILED: Final = "登录验证失败"
UNAUTHENTICATED: Final = "Unauthenticated."
INVALID: Final = "The given data was invalid."

OF_STATUS: Final[Mapping[int, str]] = {
    404: "没有这个地址。",
    405: "这个地址不接受这种请求方法。",
    413: "请求内容太大。",
    429: "请求太频繁，请 {wait_seconds} 秒后再试。",
    500: "服务器出错了，编号 {number}。",
}

LABELS: Final[Mapping[str, str]] = {
    "body": "请求内容",
    "phone": "手机号",
    "email": "邮箱",
    "username": "用户名",
    "password": "密码",
    "name": "姓名",
    "sex": "性别",
    "gender": "性别",
    "age": "年龄",
    "birth_date": "出生日期",
    "address": "家庭地址",
    "medical_history": "既往病史",
    "avatar_url": "头像地址",
    "hospital_id": "医院编号",
    "department_id": "科室编号",
    "internal_id": "院内工号",
    "position_rank": "职称等级",
    "speciality": "擅长方向",
    "clinic": "诊所",
    "fixed_phone": "固定电话",
    "wechat": "微信号",
    "intro": "简介",
    "school": "毕业院校",
    "major": "专业",
}
"""What people call a field, by its name on the wire and in the core."""

_OF_FAULT: Final[Mapping[str, str]] = {
    "empty": "{label} 不能为空。",
    "needed": "{label} 不能为空。",
    "missing": "{label} 不能为空。",
    "too_short": "{label} 至少为 {min} 个字符。",
    "too_long": "{label} 不能超过 {max} 个字符。",
    "too_low": "{label} 不能小于 {min}。",
    "too_high": "{label} 不能大于 {max}。",
    "wrong_characters": "{label} 含有不能使用的字符。",
    "wrong_format": "{label} 格式不正确。",
    "taken": "{label} 已经被使用。",
    "extra_forbidden": "{label} 不是这里可以填写的字段。",
    "not_text": "{label} 必须是字符串。",
    "not_whole": "{label} 必须是整数。",
    "not_text_or_whole": "{label} 必须是字符串或整数。",
    "model_attributes_type": "{label} 必须是 JSON 对象，Content-Type 为 application/json。",
    "json_invalid": "{label} 不是有效的 JSON。",
}
"""What is wrong with a field, for every field alike."""

_OF_CODE: Final[Mapping[str, str]] = {
    "phone.too_short": "{label} 必须是 11 位数字。",
    "phone.too_long": "{label} 必须是 11 位数字。",
    "phone.wrong_characters": "{label} 必须是 11 位数字，只支持中国大陆手机号。",
    "phone.wrong_format": "{label} 必须以 13 到 19 开头。",
    "phone.taken": "该手机号已经注册。",
    "phone.not_here": "登录手机号不能在这里更换，请联系诊所。",
    "password.outer_space": "{label} 开头和结尾不能有空格。",
    "password.too_common": "{label} 太常见，请换一个。",
    "password.same": "{label} 不能与现在的相同。",
    "password.is_own_data": "{label} 不能是自己的姓名、用户名、手机号或邮箱。",
    "name.wrong_format": "{label} 至少要有一个文字。",
    "sex.wrong_format": "{label} 只能是 0、1、2、male、female、男、女 或 保密。",
    "birth_date.wrong_format": "{label} 的格式应为 YYYY-MM-DD。",
    "birth_date.ambiguous": "{label} 的格式应为 YYYY-MM-DD。",
    "birth_date.no_such_day": "{label} 不是日历上的日期。",
    "birth_date.in_future": "{label} 不能晚于今天。",
    "birth_date.too_old": "{label} 不能早于 {max} 年前。",
    "age.wrong_characters": "{label} 必须是整数。",
    "avatar_url.wrong_format": "{label} 必须是 https 地址。",
    "position_rank.wrong_format": "{label} 只能是 住院医师、主治医师、副主任医师 或 主任医师。",
    "medical_history.needs_consent": "{label} 需要先同意处理健康信息。",
    "certificate.wrong_form": "请用 multipart/form-data 上传一个文件，字段名为 certificate。",
    "certificate.in_review": "证书正在审核，审核结束前不能重新上传。",
    "certificate.rejected": "证书审核未通过，现在不能重新上传，请联系诊所。",
    "certificate.locked": "证书的提交次数已经用完，请联系诊所。",
    "certificate.revoked": "证书的审核结果已被撤销，现在不能重新上传，请联系诊所。",
    "certificate.too_many_today": "24 小时内最多提交 {max} 次证书，请稍后再试。",
    "certificate.refused_before": "这张照片之前没有通过审核，请重新拍照后上传。",
    "certificate.changed": "证书的状态刚刚有变化，请查看后再试。",
    "photo.empty": "照片文件是空的，请重新选择。",
    "photo.too_big": "照片不能超过 20 MB。",
    "photo.not_a_picture": "只支持 JPEG 或 PNG 图片。",
    "photo.heic": "不支持 HEIC 格式，请上传 JPEG 或 PNG 图片。",
    "photo.pdf": "不支持 PDF，请上传 JPEG 或 PNG 图片。",
    "photo.polyglot": "文件里除了图片还夹带了别的内容，请直接拍照后上传。",
    "photo.animated": "不支持动图，请上传普通照片。",
    "photo.too_many_pixels": "照片太大，最多 4000 万像素，每边最多 20000 像素。",
    "photo.damaged": "照片文件已损坏，请重新拍照或重新保存后上传。",
    "photo.too_many_waiting": "最近上传后没有成功提交的照片太多，请明天再试。",
    "photo.gone": "照片已经失效，请重新上传。",
    "photo.busy": "现在处理照片的人比较多，请 {wait_seconds} 秒后再试。",
    "hospital.unknown": "没有这家医院。",
    "department.unknown": "没有这个科室。",
    "account.unknown": "没有这个账号。",
    "account.role_not_open": "这种账号不能自行注册。",
    "permission.denied": "您的账号没有这项权限。",
    "login.throttled": "尝试次数太多，请 {wait_seconds} 秒后再试。",
    "register.too_many": "今天的注册次数已达上限，请 {wait_seconds} 秒后再试。",
    "passwords.busy": "现在人比较多，请 {wait_seconds} 秒后再试。",
    "session.unauthenticated": UNAUTHENTICATED,
}


def sentence(code: str, params: Mapping[str, str | int | datetime], *, wire_name: str | None = None) -> str:
    """The text of a code of the core (`phone.taken`) or of a fault of form (`missing`) in the field `wire_name`."""
    field, _, fault = code.rpartition(".")
    template = _OF_CODE.get(code) or _OF_FAULT.get(fault) or _OF_FAULT["wrong_format"]
    name = wire_name or field
    return template.format_map({"label": LABELS.get(name, name), **params})


def is_known(code: str) -> bool:
    """Whether there is a text for what the core may say."""
    field, _, fault = code.rpartition(".")
    return code in _OF_CODE or (fault in _OF_FAULT and field in LABELS)
